// Package chargestamp is the root of the gateway. It holds no code but the test of its layout; start reading
// at ARCHITECTURE.md.
package chargestamp
