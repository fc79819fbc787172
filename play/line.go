package play

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// wire is the far end of one car-park line at its barest: frames, login, signed uplinks. Load sinks and
// the checklist use it where thousands of lines, or bytes that no good client sends, are wanted; a
// believable lot is SDKLot. docs/lots/sdk.md describes the wire.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	key  string

	mu    sync.Mutex // writes
	token string
}

// lineID names one line: which lot's, under which local_id, with whose key.
type lineID struct {
	lot     charge.LotID
	localID string
	key     string
}

// frameMost bounds what a wire reads for one frame.
const frameMost = 64 << 10

// dialWire connects without logging in.
func dialWire(ctx context.Context, d net.Dialer, addr, key string) (*wire, error) {
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, in: newFrameReader(conn), key: key}, nil
}

// newFrameReader keeps the buffer small: there may be thousands of lines.
func newFrameReader(conn net.Conn) *bufio.Reader { return bufio.NewReaderSize(conn, 1024) }

// login is the first frame; the answer holds the token.
func (w *wire) login(ctx context.Context, id lineID) error {
	if deadline, ok := ctx.Deadline(); ok {
		w.conn.SetReadDeadline(deadline)
		defer w.conn.SetReadDeadline(time.Time{})
	}
	err := w.up("login", record{{"union_id", id.lot.Union}, {"park_id", id.lot.Park}, {"local_id", id.localID}})
	if err != nil {
		return err
	}
	frame, err := w.down()
	if err != nil {
		return fmt.Errorf("login of %s: %w", id.lot, err)
	}
	var answer struct {
		State  int
		Token  string
		ErrMsg string
	}
	if err := json.Unmarshal(frame, &answer); err != nil || answer.State != 1 || answer.Token == "" {
		return fmt.Errorf("login of %s: %w: %s", id.lot, ErrRefused, answer.ErrMsg)
	}
	w.mu.Lock()
	w.token = answer.Token
	w.mu.Unlock()
	return nil
}

// up sends one signed uplink.
func (w *wire) up(service string, data record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.conn.Write(append(uplink(service, w.token, data, w.key), '\n'))
	return err
}

// beat sends a heartbeat.
func (w *wire) beat() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.conn.Write([]byte("0x11\n"))
	return err
}

// uplink is the envelope of docs/lots/sdk.md: service_name, sign, token but for login, data.
func uplink(service, token string, data record, key string) []byte {
	text := data.json()
	e := record{{"service_name", service}, {"sign", md5Upper(string(text) + "key=" + key)}}
	e.put("token", token)
	return append(e, Field{"data", json.RawMessage(text)}).json()
}

// down reads the next frame that is neither blank nor a heartbeat's answer.
func (w *wire) down() ([]byte, error) {
	for {
		frame, err := w.frame()
		if err != nil {
			return nil, err
		}
		if len(frame) > 0 && string(frame) != "0x12" {
			return frame, nil
		}
	}
}

// frame reads up to the next CR or LF: the cloud writes LF, text, CR.
func (w *wire) frame() ([]byte, error) {
	var frame []byte
	for {
		b, err := w.in.ReadByte()
		if err != nil {
			return nil, err
		}
		if b == '\n' || b == '\r' {
			return bytes.TrimSpace(frame), nil
		}
		if frame = append(frame, b); len(frame) > frameMost {
			return nil, fmt.Errorf("a frame of more than %d bytes", frameMost)
		}
	}
}

// payNotice is 3.25 and 3.36.
type payNotice struct {
	ServiceName       string          `json:"service_name"`
	UUID              string          `json:"uuid"`
	OrderID           string          `json:"order_id"`
	CarNumber         string          `json:"car_number"`
	Type              *int            `json:"type"` // 3.25 only
	ReduceAmount      json.RawMessage `json:"reduce_amount"`
	Duration          int64           `json:"duration"`
	StartChargeSeq    string          `json:"start_charge_seq"`
	CalculationMethod *int            `json:"calculation_method"`
}

// notice reads a reduction; 3.36 is known by the absence of type.
func (p payNotice) notice() (notice, error) {
	plate, err := charge.ParsePlate(p.CarNumber)
	if err != nil {
		return notice{}, err
	}
	n := notice{id: p.UUID, charge: p.StartChargeSeq, order: p.OrderID, plate: plate, message: charge.Message325}
	if p.Type == nil {
		n.message = charge.Message336
	} else if *p.Type != 1 {
		return n, fmt.Errorf("type %d is no charging order", *p.Type)
	}
	amount := ""
	if p.ReduceAmount != nil {
		amount = bare(p.ReduceAmount)
	}
	n.give, err = giveOf(p.CalculationMethod, p.Duration, amount)
	return n, err
}

// ackOf answers a reduction: 3.36 goes to bolink, 3.25 to the cloud.
func ackOf(message charge.Message, uuid string, state int64, errmsg string) record {
	target := "cloud"
	if message == charge.Message336 {
		target = "bolink"
	}
	r := record{{"service_name", "pay_notice"}, {"data_target", target}, {"uuid", uuid}, {"state", whole(state)}}
	r.put("errmsg", errmsg)
	return r
}
