package store

// How many plates come into the index of their parts at once. The index is smaller where many come together; a search
// reads those that are not in it yet one by one.
const (
	platesTogether = 500 // wait for a flush that brings them into it, or for upkeep
	platesAtOnce   = 300 // by upkeep, so that no push waits long
	platesInBulk   = 30_000
)

var (
	platesWaiting = statementOf("SELECT id FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) LIMIT 1", tablePlate)
	indexPlates = statementOf("INSERT INTO plate_part (rowid, plate) SELECT id, plate FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) ORDER BY id LIMIT ?", tablePlate)
)
