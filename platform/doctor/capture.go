package doctor

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// ReadCapture reads a captured push: a raw HTTP request with its request line and headers, line ends of either
// kind, or the body alone, which is then taken as a finished charge. One segment more than a path is a path token. A
// Content-Length cuts off what an editor put behind the body; of a body alone the last line end goes.
func ReadCapture(info platform.Info, captured []byte) (platform.Push, error) {
	p := platform.Push{Platform: info.ID, Method: http.MethodPost, Header: http.Header{}, Stored: true}
	if !looksLikeRequest(captured) {
		p.Body = bytes.TrimRight(captured, "\r\n")
		for _, r := range info.Routes {
			if r.Kind == platform.RouteCharge {
				p.Route, p.Path = r, r.Path
				return p, nil
			}
		}
		return platform.Push{}, unreadable(charge.Say("capture.no_charges", charge.Text("platform", info.ID)))
	}
	if err := readRequest(&p, captured); err != nil {
		return platform.Push{}, err
	}
	for _, r := range info.Routes {
		for _, path := range platform.Spellings(r.Path) {
			switch path {
			case p.Path:
				p.Route = r
				return p, nil
			case platform.ParentPath(p.Path):
				p.Route, p.Path, p.PathToken = r, path, charge.Secret(p.Path[len(path)+1:])
				return p, nil
			}
		}
	}
	paths := make([]string, len(info.Routes))
	for i, r := range info.Routes {
		paths[i] = r.Path
	}
	return platform.Push{}, pathError{charge.Say("capture.path", charge.Text("path", platform.Clip(p.Path)),
		charge.Text("platform", info.ID), charge.Text("paths", strings.Join(paths, ", ")))}
}

// PlatformOf returns whose path a captured request came by; empty for a body alone and for a path that is not served.
func PlatformOf(infos []platform.Info, captured []byte) string {
	if !looksLikeRequest(captured) {
		return ""
	}
	for _, info := range infos {
		switch _, err := ReadCapture(info, captured); {
		case err == nil:
			return info.ID
		case !errors.Is(err, errPath):
			return "" // it cannot be read
		}
	}
	return ""
}

// unreadable is the error of a capture that cannot be taken apart.
func unreadable(why charge.Note) error { return charge.NewFault(why, why.String()) }

// pathError is errPath with the path and those of the platform.
type pathError struct{ why charge.Note }

// Error says which paths the platform has.
func (e pathError) Error() string { return e.why.String() }

// Note says the same to people.
func (e pathError) Note() charge.Note { return e.why }

// Is reports that every pathError is errPath.
func (pathError) Is(target error) bool { return target == errPath }

// errPath says that a request came by a path that is not the platform's.
var errPath = errors.New("no path of the platform")

// looksLikeRequest reports whether the first line ends in an HTTP version.
func looksLikeRequest(captured []byte) bool {
	line, _, _ := bytes.Cut(captured, []byte("\n"))
	fields := bytes.Fields(line)
	return len(fields) == 3 && bytes.HasPrefix(fields[2], []byte("HTTP/"))
}

func readRequest(p *platform.Push, captured []byte) error {
	b := bufio.NewReader(bytes.NewReader(captured))
	r := textproto.NewReader(b)
	line, err := r.ReadLine()
	if err != nil {
		return err
	}
	fields := strings.Fields(line)
	p.Method = fields[0]
	p.Path, p.Query, _ = strings.Cut(fields[1], "?")
	header, err := r.ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return unreadable(charge.Say("capture.headers"))
	}
	p.Header = http.Header(header)
	var body io.Reader = b
	if strings.EqualFold(p.Header.Get("Transfer-Encoding"), "chunked") {
		body = httputil.NewChunkedReader(b)
	}
	if p.Body, err = io.ReadAll(body); err != nil {
		return unreadable(charge.Say("capture.chunks"))
	}
	if length := p.Header.Get("Content-Length"); length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > len(p.Body) {
			return unreadable(charge.Say("capture.length", charge.Count("bytes", len(p.Body)),
				charge.Text("length", platform.Clip(length))))
		}
		p.Body = p.Body[:n]
	}
	return nil
}
