package store

// How many plates come into the index of their parts at once: few beside pushes, so that none waits long.
const (
	platesAtOnce = 300
	platesInBulk = 30_000
)

var (
	platesWaiting = statementOf("SELECT id FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) LIMIT 1", tablePlate)
	indexPlates = statementOf("INSERT INTO plate_part (rowid, plate) SELECT id, plate FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) ORDER BY id LIMIT ?", tablePlate)
)
