package outbound

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
)

var here = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// lotServer answers like an API lot, and so cheaply that the figures are the client's.
func lotServer(b *testing.B) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return "http://" + l.Addr().String() + "/bolink"
}

// answer answers requests whose body ends with the last byte of benchBody.
func answer(c net.Conn) {
	defer c.Close()
	said := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nDate: Sun, " +
		"01 Mar 2026 00:00:00 GMT\r\n" +
		"Content-Length: 23\r\n\r\n{\"state\":1,\"errmsg\":\"\"}")
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if bytes.HasSuffix(buf[:n], []byte("!")) {
			if _, err := c.Write(said); err != nil {
				return
			}
		}
	}
}

var benchBody = append(bytes.Repeat([]byte("x"), 600), '!')

func BenchmarkPost(b *testing.B) {
	url := lotServer(b)
	c := NewClient(Options{})
	b.Cleanup(c.Close)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := c.Post(context.Background(),
				Request{URL: url, Type: "application/json", Key: "k", Body: benchBody, Allow: here})
			if err != nil || r.Status != 200 {
				b.Error(r.Status, err)
			}
		}
	})
}

// BenchmarkTransport is the same by net/http alone.
func BenchmarkTransport(b *testing.B) {
	url := lotServer(b)
	t := &http.Transport{MaxIdleConnsPerHost: 16}
	b.Cleanup(t.CloseIdleConnections)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(benchBody))
			req.Header.Set("Content-Type", "application/json")
			r, err := t.RoundTrip(req)
			if err != nil {
				b.Error(err)
				continue
			}
			_, _ = io.ReadAll(r.Body)
			r.Body.Close()
		}
	})
}
