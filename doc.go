// Package chargestamp is the root of the gateway. It holds the pages of the manual and the test of the layout; start
// reading at ARCHITECTURE.md.
package chargestamp
