package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// Paths that only the local socket serves, beside the admin API.
const (
	backupPath = "/local/backup"
	verifyPath = "/local/verify"
)

// LocalClient calls the server that holds a data folder, over its socket, as http://local/…. It gives nil
// where no server does.
func LocalClient(data string) *http.Client {
	socket := filepath.Join(data, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil
	}
	conn.Close()
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

// withLocal serves the local paths in front of the admin API.
func (a *App) withLocal(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("POST "+backupPath, func(w http.ResponseWriter, r *http.Request) {
		var q struct{ File string }
		err := json.NewDecoder(r.Body).Decode(&q)
		if err == nil {
			unlimited(w)
			err = a.store.Backup(r.Context(), q.File)
		}
		answerLocal(w, struct{}{}, err)
	})
	mux.HandleFunc("POST "+verifyPath, func(w http.ResponseWriter, r *http.Request) {
		unlimited(w)
		checks, err := verifyStore(r.Context(), a.store)
		if err == nil {
			checks = append(checks, Checked{"secrets key", true, "the running server opens what is sealed"})
		}
		answerLocal(w, checks, err)
	})
	return mux
}

// unlimited lifts the listener's time limit for what takes minutes on large data.
func unlimited(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a listener without deadlines has none to lift
}

func answerLocal(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that hung up needs no answer
}

// holder is a running server, reached over its local socket.
type holder struct{ client *http.Client }

// server finds the server that holds a place's SQLite file; PostgreSQL needs none.
func (p Place) server() *holder {
	if p.Database != "" {
		return nil
	}
	if c := LocalClient(p.Data); c != nil {
		return &holder{c}
	}
	return nil
}

func (h *holder) backup(ctx context.Context, file string) error {
	return h.call(ctx, backupPath, map[string]string{"file": file}, nil)
}

func (h *holder) verify(ctx context.Context) (checks []Checked, err error) {
	return checks, h.call(ctx, verifyPath, struct{}{}, &checks)
}

func (h *holder) call(ctx context.Context, path string, body, v any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://local"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("the running server did not answer: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return errors.New(string(bytes.TrimSpace(answer)))
	case v == nil:
		return nil
	}
	return json.Unmarshal(answer, v)
}
