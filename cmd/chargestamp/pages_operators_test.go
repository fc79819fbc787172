package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestUpgrading follows what operators type before and after an upgrade, but the installation itself.
func TestUpgrading(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.follow("bin/chargestamp serve")
	for _, line := range typed(t, "docs/upgrading.md", "## One node") {
		line = strings.NewReplacer("/var/lib/chargestamp", "data", "/backup/", s.dir+"/").Replace(line)
		if !strings.HasPrefix(line, "apt-get ") {
			s.follow(line)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "before-upgrade.backup")); err != nil {
		t.Error(err)
	}
}

// TestWebhooks reads the setting of docs/webhooks.md and verifies a message as it says.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	const page, secret = "docs/webhooks.md", "whsec_aW52ZW50ZWQtc2VjcmV0LW9mLXRlc3Rz"
	s := newSite(t)
	s.write("config.yaml", strings.ReplaceAll(block(t, page, "yaml"), "whsec_…", secret))
	s.follow("bin/chargestamp validate --config config.yaml")
	s.write("body.json", `{"id":"7"}`)
	mac := hmac.New(sha256.New, []byte("invented-secret-of-tests"))
	now := fmt.Sprint(time.Now().Unix())
	mac.Write([]byte("7." + now + `.{"id":"7"}`))
	for name, value := range map[string]string{"WEBHOOK_ID": "7", "WEBHOOK_TIMESTAMP": now,
		"WEBHOOK_SIGNATURE": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))} {
		s.follow("export " + name + "=" + value)
	}
	for _, line := range typed(t, page, "## 3. ") {
		s.follow(strings.ReplaceAll(line, "whsec_…", secret))
		if code, text := s.run(strings.ReplaceAll(line, "whsec_…", "another-secret-77")); code != 1 {
			t.Errorf("another secret: exit code %d\n%s", code, text)
		}
	}
}
