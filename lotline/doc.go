// Package lotline connects the software of a car park to a charging gateway or cloud that speaks the Bolink SDK
// line (SDK车场), without the vendor's DLL: login, heartbeat, reconnection, entries (2.1), exits (2.2), used
// reductions (2.34), price queries (3.1), pass-through (3.22), and charging reductions (3.25 and 3.36) with their
// acknowledgement.
//
//	store, err := filestore.Open("/var/lib/mylot/line.db")
//	…
//	c, err := lotline.Dial(ctx, lotline.Config{
//		Addr: "gateway.example.com:6789", UnionID: "200461", ParkID: "1313", Key: ckey,
//		Store:       store,
//		OnReduction: func(ctx context.Context, r lotline.Reduction) error { return myLot.TakeOff(r) },
//	})
//
// Entries, exits and usages are written to a Store before they are sent, and stay there until the cloud has taken them;
// what gathered while the line was down goes out one per second. Reductions that were taken are remembered there by
// their uuid: a repeated one is acknowledged again and not handed to OnReduction. Package filestore is a Store in an
// SQLite file. This package imports the standard library alone, so that a program with a Store of its own stays small.
//
// The wire is the one of the published ParkingOS server of 2018 and of the public SDK book. Package sdktest plays the
// vendor's own SDK before 4.0 against a gateway; the vendor's servers were not seen.
package lotline
