// Package ledger is the way into 4G lots, which have no software of their own: it prices stays, settles what
// was granted against the price, and answers the gate. Nothing is sent anywhere; a reduction lies in our
// ledger until the car leaves (spec: lot-http.md 6).
package ledger
