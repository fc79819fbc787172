package line

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

var update = flag.Bool("update", false, "write what the server says into the transcripts")

// Transcripts are whole sessions, byte for byte. A line begins with
//
//	#            a comment
//	> text       a lot says text and \n; b> says it on connection b
//	>> "text"    a lot says exactly that
//	< text       the server says \n, text, \r
//	<EOF         the server closes
//	! do         something is done: deliver, notice, wait, close, price, exit-price, pass, answer, fail, stay, bye
//	= what       something is so: heard, result, refused, closed, sessions, price, pass, up, silence
//
// Signs in them were made with printf '%skey=%s' "$data" "$key" | md5sum.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".transcript"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := player{bench: newBench(t), far: map[string]*far{}, said: make(chan string, 1), heard: 0}
			got := p.play(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(text), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// player plays one transcript.
type player struct {
	*bench
	far   map[string]*far
	said  chan string // what a question came to
	heard int         // of what ears heard
}

// play returns the transcript with what the server really said.
func (p *player) play(text string) string {
	var got strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		p.t.Logf("line %d: %s", i+1, line)
		got.WriteString(p.line(line) + "\n")
		if p.t.Failed() {
			break
		}
	}
	return got.String()
}

func (p *player) line(line string) string {
	who, what, found := strings.Cut(line, " ")
	switch {
	case who == "#":
	case who == "!":
		p.do(what)
	case who == "=":
		return "= " + p.is(what)
	case strings.HasSuffix(who, ">>"):
		raw, err := strconv.Unquote(what)
		if err != nil {
			p.t.Fatalf("%s: %v", what, err)
		}
		p.conn(who).write(raw)
	case strings.HasSuffix(who, ">"):
		p.conn(who).say(what)
	case strings.HasSuffix(who, "<EOF"):
		p.conn(strings.TrimSuffix(who, "EOF")).end()
	case strings.HasSuffix(who, "<"):
		said := p.conn(who).hear()
		if said == "" && !found {
			return who
		}
		return who + " " + said
	default:
		p.t.Fatalf("what is %q?", line)
	}
	return line
}

func (p *player) conn(who string) *far {
	name := strings.Trim(who, "<>")
	if p.far[name] == nil {
		p.far[name] = p.dial()
	}
	return p.far[name]
}

func (p *player) do(what string) {
	word, rest, _ := strings.Cut(what, " ")
	args := strings.SplitN(rest, " ", 3)
	switch word {
	case "deliver":
		p.srv.Deliver(lot.Order{Lot: lotID(args[0]), UUID: args[1], Payload: []byte(args[2])},
			func(r lot.Result) { p.results <- r })
	case "notice":
		p.notice(rest)
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Fatal(err)
		}
		p.pass(d)
		p.srv.sweep()
	case "close":
		p.far[rest].close()
	case "answer":
		p.ears.answers = append(p.ears.answers, lot.Answer{ErrMsg: args[1]})
	case "fail":
		p.ears.errs = append(p.ears.errs, errors.New("disk full"))
	case "stay":
		plate, at, _ := strings.Cut(args[2], " ")
		entered, _ := time.Parse(time.RFC3339, at)
		p.ears.stays = []charge.Stay{{Lot: lotID(args[0]), OrderID: args[1], Plate: charge.Plate(plate), Entered: entered}}
	case "price":
		go func() {
			q, err := p.srv.QueryPrice(context.Background(),
				charge.Stay{Lot: lotID(args[0]), OrderID: args[1], Plate: charge.Plate(args[2])})
			p.said <- priceText(q, err)
		}()
	case "exit-price":
		go func() {
			q, err := p.srv.QueryExitPrice(context.Background(), lotID(args[0]), args[1])
			p.said <- priceText(q, err)
		}()
	case "pass":
		id, data, _ := strings.Cut(rest, " ")
		go func() {
			b, err := p.srv.PassThrough(context.Background(), lotID(id), []byte(data))
			p.said <- orError(string(b), err)
		}()
	case "bye":
		p.bye()
	default:
		p.t.Fatalf("cannot do %q", what)
	}
}

// notice delivers the 3.25 message of the guide.
func (p *player) notice(minutes string) {
	n, _ := strconv.ParseInt(minutes, 10, 64)
	notice := lot.Notice{
		Lot: lotB, Message: charge.Message325, UUID: "0f8c6a52d1b74e0c9a3e5b7d2c4f6a81", StayOrder: "s-20260301-1",
		Plate: "京AD06088", Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: n}, Order: "202603010000001121",
		Started: at("2026-03-01 08:10:00"), Ended: at("2026-03-01 09:10:00"),
		Detail: charge.Detail{
			StationID: "1101020200A", StationName: "北京测试充电站", ConnectorID: "1101020190A301", Power: "25.50",
			ElecMoney: "12.60", SeviceMoney: "5.25", TotalMoney: "17.85",
		},
	}
	payload, err := p.srv.Compose(notice)
	if err != nil {
		p.t.Fatal(err)
	}
	p.srv.Deliver(lot.Order{Lot: lotB, UUID: notice.UUID, Payload: payload}, func(r lot.Result) { p.results <- r })
}

// bye hangs up on every connection and insists that there was nothing more to hear.
func (p *player) bye() {
	for _, f := range p.far {
		half, ok := f.nc.(interface{ CloseWrite() error })
		if !ok || half.CloseWrite() != nil {
			continue // closed before
		}
		f.end()
	}
	for p.srv.Stats().Connections > 0 {
		select {
		case <-p.counts.signal:
		case <-time.After(patience):
			p.t.Fatal("connections stay")
		}
	}
}

// is returns what is so, in the words of the transcript.
func (p *player) is(what string) string {
	word, rest, _ := strings.Cut(what, " ")
	switch word {
	case "result":
		r := p.result()
		return fmt.Sprintf("result %s %s %q", r.Result, r.Reason, words.Note(words.English, r.Detail))
	case "heard":
		return "heard " + p.nextHeard()
	case "silence":
		if all := p.ears.all(); len(all) > 0 {
			return fmt.Sprintf("heard %v", all)
		}
	case "refused", "closed":
		p.await(word + " " + rest)
	case "sessions":
		return fmt.Sprintf("sessions %d", p.srv.Stats().Sessions)
	case "up":
		select {
		case id := <-p.ears.up:
			return "up " + id.String()
		case <-time.After(patience):
			p.t.Fatal("flow never heard that the line is up")
		}
	case "price", "pass":
		select {
		case said := <-p.said:
			return word + " " + said
		case <-time.After(patience):
			p.t.Fatalf("no answer to %s", word)
		}
	default:
		p.t.Fatalf("cannot tell %q", what)
	}
	return what
}

func (p *player) nextHeard() string {
	all := p.ears.all()
	if p.heard >= len(all) {
		return "nothing"
	}
	p.heard++
	switch v := all[p.heard-1].(type) {
	case lot.Entry:
		return fmt.Sprintf("entry %s %s %s channel %s", v.OrderID, v.Plate.Full(), moment(v.Entered), v.Channel)
	case lot.Exit:
		total, reduced := "none", "none"
		if v.HasTotal {
			total = v.Total.String()
		}
		if v.Reduced != nil {
			reduced = fmt.Sprintf("%s %d %q", v.Reduced.Amount, v.Reduced.Minutes, v.Reduced.Told)
		}
		return fmt.Sprintf("exit %s %s %s to %s total %s reduced %s", v.OrderID, v.Plate.Full(), moment(v.Entered),
			moment(v.Left), total, reduced)
	case lot.Usage:
		return fmt.Sprintf("usage %s %s %s method %d minutes %d amount %s told %q %s", v.OrderID, v.Plate.Full(),
			v.Order, v.Method, v.Minutes, v.Amount, v.Told, moment(v.Left))
	case lateAck:
		return fmt.Sprintf("late %s %s %s", v.Lot, v.UUID, v.Result)
	}
	return "what?"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}

func priceText(q lot.Price, err error) string {
	return orError(fmt.Sprintf("%s total %s price %s derate %s %d duration %d at %s", q.OrderID, q.Total, q.Price,
		q.DerateMoney, q.DerateDuration, q.Duration, moment(q.QueryTime)), err)
}

func orError(s string, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	return s
}

func lotID(s string) charge.LotID {
	id, err := charge.ParseLotID(s)
	if err != nil {
		panic(err)
	}
	return id
}
