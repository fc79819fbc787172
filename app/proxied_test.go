package app

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// dialFrom connects from one of this machine's loopback addresses.
func dialFrom(t *testing.T, from, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	c, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// proxyHeader is a PROXY protocol header of a version that names a client.
func proxyHeader(t *testing.T, version byte, client string) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.ParseIP(client), Port: 4711},
		&net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 8080})
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const brokenPush = "POST /zld/xiaoju/reduce HTTP/1.1\r\nHost: gateway\r\nContent-Length: 2\r\n\r\n{}"

// TestProxyProtocol wants the client's address from a trusted proxy's header, in both versions, on HTTP and on the
// line; a proxy without a header is taken under its own address, and anybody else's header is no header.
func TestProxyProtocol(t *testing.T) {
	cfg := local(t)
	cfg.TrustedProxies, cfg.HTTP.ProxyProtocol, cfg.Line.ProxyProtocol = []string{"127.0.0.9/32"}, true, true
	s := serve(t, cfg)
	silentProxy := dialFrom(t, "127.0.0.9", s.Addresses().HTTP) // keeps no caller waiting
	defer silentProxy.Close()
	for _, tc := range []struct {
		name, from string
		header     []byte
		status     int
		remote     string
	}{
		{"v1", "127.0.0.9", proxyHeader(t, 1, "203.0.113.17"), http.StatusOK, "203.0.113.17"},
		{"v2", "127.0.0.9", proxyHeader(t, 2, "203.0.113.18"), http.StatusOK, "203.0.113.18"},
		{"no header", "127.0.0.9", nil, http.StatusOK, "127.0.0.9"},
		{"a stranger's header", "127.0.0.8", proxyHeader(t, 1, "203.0.113.19"), http.StatusBadRequest, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dialFrom(t, tc.from, s.Addresses().HTTP)
			fmt.Fprintf(c, "%s%s", tc.header, brokenPush)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if (resp.StatusCode == http.StatusBadRequest) != (tc.status == http.StatusBadRequest) {
				t.Errorf("HTTP %d", resp.StatusCode)
			}
			var list struct{ Items []struct{ Remote string } }
			s.office().must(t, http.MethodGet, "/api/v1/pushes?limit=1", nil, &list)
			if tc.remote != "" && (len(list.Items) == 0 || !strings.HasPrefix(list.Items[0].Remote, tc.remote)) {
				t.Errorf("the push was stored as coming from %v, want %s", list.Items, tc.remote)
			}
		})
	}
	line := dialFrom(t, "127.0.0.9", s.Addresses().Line)
	fmt.Fprintf(line, "%sno frame of a lot\r\n", proxyHeader(t, 2, "203.0.113.20"))
	if _, err := line.Read(make([]byte, 1)); err == nil {
		t.Error("a broken frame was answered")
	}
	if !strings.Contains(s.log.String(), "203.0.113.20") {
		t.Error("the line's log does not name the client behind the proxy")
	}
}

// TestProxyProtocolNeedsProxies wants the setting refused where no one could send a header.
func TestProxyProtocolNeedsProxies(t *testing.T) {
	cfg := local(t)
	cfg.Line.ProxyProtocol = true
	if a, err := New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
		a.Stop(time.Second)
		t.Errorf("taken without trusted_proxies: %v", err)
	}
}

// TestHealthListener wants /healthz and /readyz there, and nothing else of the admin listener.
func TestHealthListener(t *testing.T) {
	cfg := local(t)
	cfg.Health.Addr = "127.0.0.1:0"
	s := serve(t, cfg)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 404, "/metrics": 404,
		"/api/v1/charges": 404, "/openapi.json": 404} {
		resp, err := http.Get("http://" + s.Addresses().Health + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: HTTP %d, want %d", path, resp.StatusCode, want)
		}
	}
}
