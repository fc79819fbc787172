package profile

import (
	"maps"
	"slices"

	"github.com/chargestamp/chargestamp/platform"
)

// Asking is how a push names a reduction.
type Asking struct {
	// By reads the method field; Otherwise counts where there is none, or the push leaves it out.
	By        map[string]AskKind `toml:"by"`
	Otherwise AskKind            `toml:"otherwise"`
}

// AskKind is what a value of the method field means.
type AskKind string

// Ask kinds. AskNamed is time if that is above zero, else the amount; AskThere is time where the push has that field,
// else an amount where it has that, else the lot decides; AskRule leaves it to the binding.
const (
	AskTime       AskKind = "time"
	AskAmount     AskKind = "amount"
	AskFree       AskKind = "free"
	AskLotDecides AskKind = "lot_decides"
	AskNamed      AskKind = "named"
	AskRule       AskKind = "rule"
	AskThere      AskKind = "there"
)

var askKinds = []AskKind{AskTime, AskAmount, AskFree, AskLotDecides, AskNamed, AskThere, AskRule}

// Describe writes down what the method field's values mean.
func (a Asking) Describe(c Columns, info *platform.Info) {
	if len(a.By) == 0 {
		return
	}
	info.AskField = c[RoleMethod].Names[0]
	for _, value := range slices.Sorted(maps.Keys(a.By)) {
		info.Asks = append(info.Asks, platform.AskValue{Value: value, Means: string(a.By[value])})
	}
	info.Asks = append(info.Asks, platform.AskValue{Means: string(a.Otherwise)})
}
