package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certify writes a self-signed certificate of a serial number and its key.
func certify(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "gateway"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serialAt is the serial number of the certificate that an address shows.
func serialAt(t *testing.T, addr string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its certificate is looked at
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestTLS serves HTTPS and lines under TLS and takes up a renewed certificate without a restart.
func TestTLS(t *testing.T) {
	cfg := local(t)
	dir := t.TempDir()
	cfg.TLS.Cert, cfg.TLS.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certify(t, cfg.TLS.Cert, cfg.TLS.Key, 1)
	cfg.TLS.Addr, cfg.Line.TLSAddr = "127.0.0.3:0", "127.0.0.4:0"
	s := serve(t, cfg)
	at := s.Addresses()
	if !strings.HasPrefix(at.HTTPS, "127.0.0.3:") || !strings.HasPrefix(at.LineTLS, "127.0.0.4:") {
		t.Fatalf("addresses %+v", at)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + at.HTTPS + "/zld/xiaoju/reduce")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a platform's path over HTTPS: %d, want 405 to a GET", resp.StatusCode)
	}
	line, err := tls.Dial("tcp", at.LineTLS, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see above
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	fmt.Fprint(line, `{"service_name":"login","data":{"union_id":"1","park_id":"2"},"sign":"x"}`+"\n")
	line.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer := make([]byte, 1024)
	if n, err := line.Read(answer); err != nil || !strings.Contains(string(answer[:n]), "login") {
		t.Errorf("a login over TLS was answered %q, %v", answer[:n], err)
	}
	older := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11} //nolint:gosec // see above
	if old, err := tls.Dial("tcp", at.HTTPS, older); err == nil {
		old.Close()
		t.Error("TLS 1.1 is taken")
	}

	if n := serialAt(t, at.HTTPS); n != 1 {
		t.Fatalf("certificate %d", n)
	}
	write(t, cfg.TLS.Cert, "half a certificate")
	renewed := func(want int64) {
		t.Helper()
		for _, addr := range []string{at.HTTPS, at.LineTLS} {
			eventually(t, 10*time.Second, func() string {
				if n := serialAt(t, addr); n != want {
					return fmt.Sprintf("%s shows certificate %d, want %d", addr, n, want)
				}
				return ""
			})
		}
	}
	eventually(t, 10*time.Second, func() string {
		serialAt(t, at.HTTPS)
		if !strings.Contains(s.log.String(), "the former one stays") {
			return "the broken certificate was not noticed"
		}
		return ""
	})
	renewed(1)
	certify(t, cfg.TLS.Cert, cfg.TLS.Key, 2)
	renewed(2)
	if _, err := line.Write([]byte("\n")); err != nil {
		t.Errorf("the open line did not outlive the renewal: %v", err)
	}
}

func TestTLSFilesThatAreNotThere(t *testing.T) {
	cfg := local(t)
	cfg.TLS.Cert, cfg.TLS.Key = "/nowhere/cert.pem", "/nowhere/key.pem"
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(time.Second)
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "/nowhere/cert.pem") {
		t.Errorf("Start: %v, want an error that names the file", err)
	}
}
