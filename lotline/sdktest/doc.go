// Package sdktest plays the vendor's own SDK on the line, the SDK32.dll of 2017 that the SDK book calls "SDK < 4.0":
// it reads, forgets and repeats as that library was seen to do, so that a gateway can be tested against it without
// Windows. It was written from what was seen on the wire; nothing of the library itself is in it.
//
// What a gateway must know of it:
//
//   - One PC opens two links under one local_id. The bolink link is signed with the vendor's ukey and logs in with
//     union_id; the cloud link is signed with the lot's ckey and logs in without it.
//   - It does not put reads together. What one read of 4,096 bytes brings is cut at CR and LF, and a frame that is
//     spread over two reads is lost. The first read after a login must be the answer and nothing else.
//   - An entry or exit goes out on both links, and is stored until it is answered with service_name and order_id,
//     whatever the state says; the exit of the bolink link also wants a pay_type. What is stored goes out again at
//     every full minute, one a second.
//   - A heartbeat every ten seconds; three without an answer, or a closed link, and both links log in again.
//
// SDK starts one PC. Relay stands between it and the gateway as a mobile link does: it hands on what came from the
// gateway in batches, cut at a length, and can lose an answer.
package sdktest
