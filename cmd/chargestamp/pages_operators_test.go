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

	"github.com/chargestamp/chargestamp/admin/apitest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// here puts what a test has in the place of an installation's folders.
func (s *site) here(line string) string {
	return strings.NewReplacer("/var/lib/chargestamp", "data", "/usr/share/doc/chargestamp/", "docs/",
		"/etc/chargestamp/", "", "/backup/", s.dir+"/").Replace(line)
}

// TestOperating follows what operators type: first start, users, a first reduction as after an installation, backup
// and restore.
func TestOperating(t *testing.T) {
	t.Parallel()
	const page = "docs/operating.md"
	s := newSite(t)
	s.follow("cp docs/examples/estate.yaml .")
	for _, heading := range []string{"## 2. First start", "## 1. Install"} {
		for _, line := range typed(t, page, heading) {
			s.follow(s.here(line))
		}
	}
	s.until("bin/chargestamp charges", `telaidian +京AD06088 +200461/1313 +30 min +delivered +ok`)
	for _, line := range typed(t, page, "## 6. Backup") {
		s.follow(s.here(line))
	}
	if strings.Contains(s.last(), "WRONG") || !strings.Contains(s.last(), "secrets key") {
		t.Errorf("what was restored: %s", s.last())
	}
}

// TestSeveralNodes moves a gateway from SQLite to PostgreSQL and starts two nodes there, as docs/operating.md says.
func TestSeveralNodes(t *testing.T) {
	t.Parallel()
	const page = "docs/operating.md"
	database := storetest.Postgres(storetest.StartPostgres(t))(t).URL
	s := newSite(t)
	s.follow("bin/chargestamp serve --estate docs/examples/estate.yaml")
	if code, err := s.server.stop(); err != nil || code != 0 {
		t.Fatalf("stopped with %d, %v", code, err)
	}
	var nodes, copies []string
	for _, line := range typed(t, page, "## 5. Several nodes") {
		line = strings.NewReplacer("postgres://chargestamp@db.internal/chargestamp?sslmode=require", database,
			"postgres://chargestamp@db.internal/chargestamp", database).Replace(line)
		if strings.Contains(line, " copy ") {
			copies = append(copies, line)
		} else {
			nodes = append(nodes, line)
		}
	}
	for _, line := range copies {
		s.follow(line)
	}
	s.follow("cp data/secrets.key .")
	for _, folder := range []string{"one", "two"} {
		for _, line := range nodes {
			s.follow(strings.ReplaceAll(s.here(line), "--data data", "--data "+folder))
		}
		if s.follow("bin/chargestamp lots"); !strings.Contains(s.last(), "200461/1313") {
			t.Errorf("node %s lists %s", folder, s.last())
		}
	}
}

// TestUpgrading follows what operators type before and after an upgrade, but the installation itself.
func TestUpgrading(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.follow("bin/chargestamp serve")
	for _, line := range typed(t, "docs/upgrading.md", "## One node") {
		s.follow(s.here(line))
	}
	if _, err := os.Stat(filepath.Join(s.dir, "before-upgrade.backup")); err != nil {
		t.Error(err)
	}
}

// TestWebhooks reads the setting of docs/webhooks.md, verifies a message as it says, and asks for what waits.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	const page, secret = "docs/webhooks.md", "whsec_aW52ZW50ZWQtc2VjcmV0LW9mLXRlc3Rz"
	s := newSite(t)
	text, err := os.ReadFile(filepath.Join(repository(t), "docs/openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	description, err := apitest.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := description.CheckWebhook([]byte(block(t, page, "json"))); err != nil {
		t.Errorf("the message on the page: %v", err)
	}
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
	s.follow("bin/chargestamp serve --config config.yaml")
	for _, line := range typed(t, page, "## 5. ") {
		s.follow(line)
	}
	if want := "0 messages now on the way to erp"; !strings.Contains(s.last(), want) {
		t.Errorf("resend says %q, want %q", s.last(), want)
	}
}
