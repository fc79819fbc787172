package lotline

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"testing"
)

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := tls.NewListener(inner, &tls.Config{Certificates: web.TLS.Certificates})
	defer func() { _ = l.Close() }()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = nc.Close() }()
		f := far{t, nc, bufio.NewReader(nc)}
		f.read()
		f.say(`{"state":1,"token":"00000000000000000000000000000001","service_name":"login"}`)
		_, _ = f.r.ReadString('\n') // until the client hangs up
	}()
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	c := newCloud(t)
	cfg := c.config()
	cfg.Dial, cfg.Addr, cfg.TLS = nil, inner.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "example.com"}
	client, err := Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}
