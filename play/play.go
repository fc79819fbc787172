// Package play plays the far ends of the gateway: the charging platforms, the three kinds of car
// park, and a platform that receives reports. The demo tour, the partner checklist and the load generator
// are made of these players.
//
// Players check the server, so they share no code with it: they build, sign, encrypt and read on their own,
// with the standard library's crypto. They never import package seal or a dialect family.
package play
