package app

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is read again when its files change, so that renewing needs no restart. A file that cannot be
// read keeps the certificate that was good.
type certificate struct {
	cert, key string
	logger    *slog.Logger
	now       func() time.Time

	mu      sync.Mutex
	looked  time.Time
	stamp   [2]time.Time
	current *tls.Certificate
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

func loadCertificate(c TLSConfig, logger *slog.Logger) (*certificate, error) {
	k := &certificate{cert: c.Cert, key: c.Key, logger: logger, now: time.Now}
	stamp, err := k.stamps()
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, err
	}
	k.stamp, k.current, k.looked = stamp, &pair, k.now()
	return k, nil
}

func (k *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.get}
}

func (k *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now().Sub(k.looked) < lookEvery {
		return k.current, nil
	}
	k.looked = k.now()
	stamp, err := k.stamps()
	if err != nil || stamp == k.stamp {
		return k.current, nil
	}
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil { // half-written: the next look finds the rest
		k.logger.Warn("the changed certificate cannot be read; the former one stays", "error", err)
		return k.current, nil
	}
	k.stamp, k.current = stamp, &pair
	k.logger.Info("certificate read again", "file", k.cert)
	return k.current, nil
}

// again reads the files now and reports whether they had changed.
func (k *certificate) again() bool {
	k.mu.Lock()
	before := k.current
	k.looked = time.Time{}
	k.mu.Unlock()
	after, err := k.get(nil)
	return err == nil && after != before
}

func (k *certificate) stamps() (s [2]time.Time, err error) {
	for i, f := range []string{k.cert, k.key} {
		info, err := os.Stat(f)
		if err != nil {
			return s, err
		}
		s[i] = info.ModTime()
	}
	return s, nil
}
