package profile

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
