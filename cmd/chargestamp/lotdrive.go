package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// driveHelp is what a played lot says of its standard input.
const driveHelp = "commands: in PLATE, out PLATE, list, quit"

// driver drives named cars in and out of a played lot. Each drive is a line of JSON on standard output.
type driver struct {
	console *console
	yard    play.Yard
	inside  []charge.Plate // in the order in which they came
}

// driven is one drive as it is printed. Money is there for an exit only.
type driven struct {
	Event   string       `json:"event"` // "in", "out" or "inside"
	Plate   charge.Plate `json:"plate"`
	OrderID string       `json:"order_id,omitempty"`
	Total   *charge.Fen  `json:"total,omitempty"`
	Derate  *charge.Fen  `json:"derate_money,omitempty"`
	Due     *charge.Fen  `json:"due,omitempty"`
}

func (d *driver) print(e driven) { _ = json.NewEncoder(d.console.out).Encode(e) }

// enter lets a car in.
func (d *driver) enter(ctx context.Context, text string) error {
	plate, err := charge.ParsePlate(text)
	if err != nil {
		return usageError{err}
	}
	visit, err := d.yard.Enter(ctx, plate, time.Now())
	if err != nil {
		return fmt.Errorf("letting %s in: %w", plate, err)
	}
	d.inside = append(d.inside, plate)
	d.print(driven{Event: "in", Plate: plate, OrderID: visit.OrderID})
	return nil
}

// leave lets a car out.
func (d *driver) leave(ctx context.Context, text string) error {
	plate, err := charge.ParsePlate(text)
	if err != nil {
		return usageError{err}
	}
	bill, err := d.yard.Exit(ctx, plate, time.Now())
	if err != nil {
		return fmt.Errorf("letting %s out: %w", plate, err)
	}
	if at := slices.Index(d.inside, plate); at >= 0 {
		d.inside = slices.Delete(d.inside, at, at+1)
	}
	due := bill.Due()
	d.print(driven{Event: "out", Plate: plate, OrderID: bill.OrderID, Total: &bill.Gross, Derate: &bill.Derate, Due: &due})
	return nil
}

// errQuit ends the run by command.
var errQuit = errors.New("quit")

// command does what one line of standard input says.
func (d *driver) command(ctx context.Context, line string) error {
	verb, plate, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch {
	case verb == "":
		return nil
	case verb == "quit":
		return errQuit
	case verb == "list":
		for _, p := range d.inside {
			d.print(driven{Event: "inside", Plate: p})
		}
		return nil
	case verb == "in" && plate != "":
		return d.enter(ctx, strings.TrimSpace(plate))
	case verb == "out" && plate != "":
		return d.leave(ctx, strings.TrimSpace(plate))
	}
	return fmt.Errorf("%q is not a command; %s", line, driveHelp)
}

// run follows standard input until the context ends or a line says quit. After stay, where it is above 0, the cars
// that are inside at the start leave.
func (d *driver) run(ctx context.Context, stay time.Duration) error {
	lines := make(chan string)
	go readLines(ctx, d.console.in, lines)
	var over <-chan time.Time
	leaving := slices.Clone(d.inside)
	if stay > 0 {
		over = time.After(stay)
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			err = d.command(ctx, line)
		case <-over:
			for _, plate := range leaving {
				if slices.Contains(d.inside, plate) {
					err = errors.Join(err, d.leave(ctx, string(plate)))
				}
			}
		}
		switch {
		case errors.Is(err, errQuit):
			return nil
		case err != nil && ctx.Err() == nil:
			fmt.Fprintln(d.console.err, err)
		}
	}
}

// readLines sends the lines of in until it ends; an end of the input ends nothing else.
func readLines(ctx context.Context, in io.Reader, lines chan<- string) {
	for s := bufio.NewScanner(in); s.Scan(); {
		select {
		case lines <- s.Text():
		case <-ctx.Done():
			return
		}
	}
}
