// Package ledger is the way into 4G lots, which have no software of their own: it prices stays, settles what
// was granted against the price, and answers the gate. Nothing is sent anywhere; a reduction lies in our
// ledger until the car leaves. A time reduction prices the stay anew with its end moved earlier, an amount comes off
// the price, which never falls below zero.
package ledger
