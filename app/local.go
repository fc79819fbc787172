package app

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
)

// Paths that only the local socket serves, beside the admin API.
const (
	backupPath = "/local/snapshot"
	verifyPath = "/local/verify"
)

// withLocal serves the local paths in front of the admin API.
func (a *App) withLocal(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("POST "+backupPath, a.sendBackup)
	mux.HandleFunc("POST "+verifyPath, func(w http.ResponseWriter, r *http.Request) {
		unlimited(w)
		var q verifyQuestion
		var checks []Checked
		err := json.NewDecoder(r.Body).Decode(&q)
		if err == nil {
			checks, err = verifyStore(r.Context(), a.store, a.keyring, q.Heads)
		}
		if err == nil {
			checks = append(checks, Checked{"secrets key", true, "the running server opens what is sealed"})
		}
		answerLocal(w, checks, err)
	})
	return mux
}

// sendBackup answers a backup, which the caller stores: the server's own user may not write where the caller wants it,
// and the unit of a package sees another /tmp. It lies in the data folder for as long as it is sent.
func (a *App) sendBackup(w http.ResponseWriter, r *http.Request) {
	unlimited(w)
	a.noteAudit(r.Context())
	folder, err := os.MkdirTemp(a.cfg.Data, ".backup-")
	if err != nil {
		answerLocal(w, nil, err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "backup")
	if err := a.store.Backup(r.Context(), file); err != nil {
		answerLocal(w, nil, err)
		return
	}
	http.ServeFile(w, r, file)
}

// unlimited lifts the listener's time limit for what takes minutes on large data.
func unlimited(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a listener without deadlines has none to lift
}

func answerLocal(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		v = map[string]string{"detail": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v) // a caller that hung up needs no answer
}

// server returns a client of the running server that holds a place's SQLite file, or nil; PostgreSQL needs none.
func (p Place) server() *client.Client {
	if p.Database != "" {
		return nil
	}
	return client.Local(p.Data)
}
