package lot

import (
	"slices"

	"github.com/chargestamp/chargestamp/charge"
)

// Kind is what the gateway asks about one kind of car park. A new kind is a folder with its channel, a row in kinds,
// and its channel's line in package app.
type Kind struct {
	ID      charge.LotKind
	Channel charge.DeliveryChannel
	// Messages are what a reduction may be sent with; the first is the usual one.
	Messages []charge.Message
	// AtOnce bounds the deliveries that are under way at a time on one node. Zero where nothing is sent.
	AtOnce int
	// OnLine: the lot hangs on a line to one node. It can be off line, and a login wakes what waits for it.
	OnLine bool
	// KeepsStays: the gateway keeps the lot's orders. Every charge waits for its stay, and lots may nest.
	KeepsStays bool
	// NeedsTariff: the gateway prices the stays. Grants of several methods stand side by side until then.
	NeedsTariff bool
	CanPrice    bool // the lot can be asked what a stay costs now
	CanRevoke   bool // what was granted and is not used yet can be taken back
	CanDecide   bool // the lot can be left to decide how much it takes off
	// EveryPlatform: charges of all platforms count here, whichever kinds their profiles name.
	EveryPlatform bool
	Key           KeyOwner
	// Paths are the interfaces on the public listener that the lot calls, in the order of a visit.
	Paths []string
	// Fields are the members of an estate's lot that only some kinds have, and this one has.
	Fields []string

	Chinese, English           string // for a list of choices
	BadgeChinese, BadgeEnglish string // beside a lot that has no line
	FieldChinese, FieldEnglish string // what the estate file's reference says of it
}

// KeyOwner says whose key signs between a lot and the gateway.
type KeyOwner string

// Owners of keys.
const (
	KeyOfLot    KeyOwner = "lot"    // the lot's ckey
	KeyOfVendor KeyOwner = "vendor" // the vendor's ukey
	KeyOfEither KeyOwner = "either" // the ckey, and without one the ukey
	KeyOfOwn    KeyOwner = "own"    // keys that the kind has for itself
)

var kinds = []Kind{
	{
		ID: charge.KindSDK, Channel: charge.ChannelLine, Messages: []charge.Message{charge.Message325, charge.Message336},
		AtOnce: 20_000, OnLine: true, CanPrice: true, CanDecide: true, Key: KeyOfEither, Fields: []string{"message"},
		Chinese: "SDK 长连接", English: "SDK, long line",
		FieldChinese: "sdk 长连接", FieldEnglish: "sdk = long line",
	},
	{
		ID: charge.KindAPI, Channel: charge.ChannelCallback, Messages: []charge.Message{charge.Message514},
		AtOnce: 4_096, CanPrice: true, CanDecide: true, Key: KeyOfVendor, Fields: []string{"callback", "allow_to"},
		Paths: []string{
			"/unionapi/neworder/addorder", "/unionapi/neworder/updateorder", "/zld/openservice/uploaddurationinfo",
		},
		Chinese: "API 回调", English: "API, callbacks", BadgeChinese: "回调", BadgeEnglish: "callback",
		FieldChinese: "api 回调", FieldEnglish: "api = signed callbacks",
	},
	{
		ID: charge.Kind4G, Channel: charge.ChannelLedger, Messages: []charge.Message{charge.MessageLedger},
		KeepsStays: true, NeedsTariff: true, CanPrice: true, CanRevoke: true, Key: KeyOfLot,
		Fields:  []string{"tariff", "parent"},
		Paths:   []string{"/gate/v1/entry", "/gate/v1/quote", "/gate/v1/paid", "/gate/v1/exit"},
		Chinese: "4G 云端计费", English: "4G, we keep the order", BadgeChinese: "4G", BadgeEnglish: "4G",
		FieldChinese: "4g 云端计费", FieldEnglish: "4g = we keep the order",
	},
	{
		ID: charge.KindCoupon, Channel: charge.ChannelCallback, Messages: []charge.Message{charge.MessageCoupon},
		AtOnce: 4_096, CanPrice: true, CanDecide: true, EveryPlatform: true, Key: KeyOfOwn,
		Fields:  []string{"target", "keys", "address", "allow_to"},
		Chinese: "其他停车系统", English: "another parking system", BadgeChinese: "优惠券", BadgeEnglish: "coupon",
		FieldChinese: "coupon 其他停车系统的优惠券", FieldEnglish: "coupon = a coupon in another parking system",
	},
}

// Kinds lists all kinds of car parks.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf returns the row of a kind. An unknown kind has a row that can do nothing.
func KindOf(id charge.LotKind) Kind {
	for i := range kinds {
		if kinds[i].ID == id {
			return kinds[i]
		}
	}
	return Kind{ID: id}
}

// KindBy returns the row of the kind that reductions reach by a channel.
func KindBy(c charge.DeliveryChannel) Kind {
	for i := range kinds {
		if kinds[i].Channel == c {
			return kinds[i]
		}
	}
	return Kind{Channel: c}
}

// KindsWith lists the kinds whose lots have a member of the estate's lot that not all have; none where all have it.
func KindsWith(field string) []charge.LotKind {
	var with []charge.LotKind
	for i := range kinds {
		if slices.Contains(kinds[i].Fields, field) {
			with = append(with, kinds[i].ID)
		}
	}
	return with
}

// Sends reports whether reductions travel: those of a lot whose orders the gateway keeps are only written down.
func (k Kind) Sends() bool { return k.AtOnce > 0 }

// Has reports whether lots of the kind have a member of the estate's lot that not all have.
func (k Kind) Has(field string) bool { return slices.Contains(k.Fields, field) }
