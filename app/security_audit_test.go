package app

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

// TestSecurityAuditHeadIsNoted: the audit log's head goes into the server's log, and how many entries there are and how
// old the newest is into the metrics; a sign-in, a refused one and an end are entries.
func TestSecurityAuditHeadIsNoted(t *testing.T) {
	s := serve(t, local(t))
	support := s.hire(guard.RoleSupport)
	support.post("/logout", url.Values{})
	_, page := support.page("/login")
	support.csrf = csrfOf(t, page)
	support.post("/login", url.Values{"name": {"user-support"}, "password": {"not the phrase"}})
	for _, action := range []string{"session.begin", "session.end", "session.refused"} {
		var list struct{ Items []struct{ Actor string } }
		s.office().must(t, http.MethodGet, "/api/v1/audit?action="+action, nil, &list)
		if len(list.Items) != 1 || list.Items[0].Actor != "user:user-support" {
			t.Errorf("%s: %+v", action, list.Items)
		}
	}
	head, _, err := s.guard.Audit.Head(t.Context())
	if err != nil || head.Rows == 0 {
		t.Fatalf("the head: %+v, %v", head, err)
	}
	s.noteAudit(t.Context())
	if !strings.Contains(s.log.String(), head.Hash) {
		t.Error("the log does not hold the head's hash")
	}
	_, figures, err := s.office().call(t.Context(), http.MethodGet, "/metrics", nil)
	for _, name := range []string{"chargestamp_audit_entries ", "chargestamp_audit_last_seconds "} {
		if err != nil || !strings.Contains(string(figures), "\n"+name) {
			t.Errorf("no figure %s: %v", name, err)
		}
	}
}

// TestSecurityAuditHeadIsNotedEachHour lets three hours pass by the clock: among the rounds that the server makes there
// is one that notes the audit log's head at the end of each, and none in between.
func TestSecurityAuditHeadIsNotedEachHour(t *testing.T) {
	s := serve(t, local(t))
	s.hire(guard.RoleSupport)
	head, _, err := s.guard.Audit.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		for _, r := range s.rounds() {
			if r.each >= time.Hour {
				go every(ctx, r.each, r.do)
			}
		}
		for hour := range 3 {
			time.Sleep(time.Hour - time.Minute)
			synctest.Wait()
			if got := strings.Count(s.log.String(), head.Hash); got != hour {
				t.Errorf("before hour %d is over the head was noted %d times", hour+1, got)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if got := strings.Count(s.log.String(), head.Hash); got != 3 {
			t.Errorf("after three hours the head was noted %d times", got)
		}
		end()
	})
}

// TestSecurityBackupHoldsTheAuditHead: a backup of a running server notes the audit log's head in its log. What is
// restored holds it; a head that is younger than the backup is not in it, as in a log whose tail was cut.
func TestSecurityBackupHoldsTheAuditHead(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	s.hire(guard.RoleSupport)
	head := func() guard.AuditHead {
		h, _, err := s.guard.Audit.Head(t.Context())
		if err != nil || h.Rows == 0 {
			t.Fatalf("the head: %+v, %v", h, err)
		}
		return h
	}
	kept := head()
	file := filepath.Join(t.TempDir(), "backup")
	if err := Backup(t.Context(), Place{Data: cfg.Data}, file); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.log.String(), kept.Hash) {
		t.Error("the log does not name the head of the backup")
	}
	s.hire(guard.RoleViewer)
	restored := Place{Data: filepath.Join(t.TempDir(), "data")}
	if err := Restore(t.Context(), restored, file); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		head guard.AuditHead
		ok   bool
	}{{"the backup's", kept, true}, {"a younger one", head(), false}} {
		checks, err := Verify(t.Context(), restored, filepath.Join(cfg.Data, secretsKeyName), c.head)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range checks {
			if k.Name == "audit chain" && k.OK != c.ok {
				t.Errorf("%s head: %+v", c.name, k)
			}
		}
	}
}
