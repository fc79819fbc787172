package line

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// Handler serves the HTTP mode: POST /bpd/upload.do takes an uplink and answers it, POST /bpd/download.do is held
// until there is a downlink, at most 30 s (PollWait), and ends empty otherwise. Of one session one poll is open;
// a second one ends the first. Downlinks are those of the TCP line; that 3.25 and 3.36 come this way too is ours.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bpd/upload.do", s.upload)
	mux.HandleFunc("POST /bpd/download.do", s.download)
	return mux
}

// sayBadJSON is the published server's answer to data it cannot read. On TCP such a frame gets none; HTTP must
// answer something.
const sayBadJSON = "数据格式错误!"

// EndPolls ends every open poll without a message and holds no more of them, so that the HTTP server in front can
// shut down.
func (s *Server) EndPolls() { s.endPolls.Do(func() { close(s.noPolls) }) }

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r)
	if !ok {
		return
	}
	a := s.uplink(nil, remoteOf(r), body)
	if a.guessed != nil {
		lot.WrongKey(r.Context(), *a.guessed)
	}
	switch {
	case a.silent:
		a.body = seal.PrintJSON(failure{ErrMsg: sayBadJSON})
	case len(a.body) == 0:
		a.body = []byte(`{"state":1}`) // ours: an empty body is no JSON
	}
	answerHTTP(w, a.body)
	if a.after != nil {
		a.after()
	}
	if a.session != nil {
		s.said(a.session)
	}
}

// remoteOf is the client's address, where a proxy is trusted the one that it names.
func remoteOf(r *http.Request) string {
	if at, ok := lot.Remote(r.Context()); ok {
		return at.String()
	}
	return r.RemoteAddr
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r)
	if !ok {
		return
	}
	var n *session
	if ask, err := readEnvelope(body); err == nil && ask.token != "" {
		n = s.sessions.find(ask.token)
	}
	if n == nil || n.box == nil {
		s.refuse(remoteOf(r), "bad_token")
		answerHTTP(w, seal.PrintJSON(failure{ErrMsg: sayBadToken}))
		return
	}
	now := s.cfg.Now()
	n.beat.Store(now.UnixMilli())
	p := n.box.open(now, now.Add(s.cfg.PollWait))
	s.said(n)
	// The listener's own limit on writing would cut a poll short. Where it cannot be moved it is long enough
	// or not set.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.cfg.PollWait + writeWait))
	select {
	case l := <-p.message:
		answerHTTP(w, l.message)
	case <-s.noPolls:
		n.box.abandon(p)
		answerHTTP(w, nil)
	case <-r.Context().Done():
		n.box.abandon(p)
	}
}

// body reads a request's body; where it cannot, it has answered.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if s.stopping.Load() {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.FrameBytes)))
	if err == nil {
		return body, true
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		s.refuse(remoteOf(r), "frame_too_long")
		http.Error(w, "body too long", http.StatusRequestEntityTooLarge)
	} else {
		s.refuse(remoteOf(r), "broken_body")
		http.Error(w, "body was cut off", http.StatusBadRequest)
	}
	return nil, false
}

// answerHTTP writes an answer; an empty one is "no message".
func answerHTTP(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_, _ = w.Write(body) // a client that has gone hears nothing
}
