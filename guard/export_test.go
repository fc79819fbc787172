package guard

import "context"

// CheapHashes makes password hashing quick: tests sign in often.
func CheapHashes(g *Guard) {
	g.Users.cost.Memory, g.Users.cost.Iterations = 64, 1
	g.Users.nobody = g.Users.hash("nobody's")
}

// ClaimAt is claimAt, for tests.
var ClaimAt = claimAt

// AuditKey is the key of the audit log, and the row that it chains from.
func AuditKey(g *Guard) (key []byte, from int64) { return g.Audit.key.key, g.Audit.key.from }

// DropAuditHead takes the log's head away, as who has the database can.
func DropAuditHead(d Docs) {
	rev, err := d.DocsRev(context.Background(), auditKind)
	if err == nil {
		_, err = d.PutDocs(context.Background(), auditKind, rev, map[string][]byte{auditHeadDoc: nil})
	}
	if err != nil {
		panic(err)
	}
}
