package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// answering is a server that answers everything with a document, and the flags that lead to it.
func answering(t *testing.T, document string) remote {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(document)) }))
	t.Cleanup(s.Close)
	return remote{Server: s.URL}
}

// A busy month has millions of minutes; they were printed as 2.5e+06.
func TestLargeNumbersInTables(t *testing.T) {
	var out bytes.Buffer
	c := &console{ctx: t.Context(), out: &out}
	s := statementCommand{remote: answering(t,
		`{"items":[{"day":"2026-11-01","charges":83333,"granted_minutes":2499990,"granted_amount":"12345678.90"}]}`),
		Output: "table"}
	if err := s.Run(c); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, " 2499990 ") || !strings.Contains(text, " 12345678.90 ") ||
		strings.Contains(text, "e+") {
		t.Errorf("printed:\n%s", text)
	}
}

// TestForBoundsTheWholeRun wants a played lot to end by itself where its line never comes up.
func TestForBoundsTheWholeRun(t *testing.T) {
	c := &console{ctx: t.Context(), in: strings.NewReader(""), out: io.Discard, err: io.Discard}
	began := time.Now()
	code := run(c, []string{"lot", "sdk", "--lot", "200461/1313", "--ckey", "x", "--line", "127.0.0.1:1", "--for",
		"200ms"})
	if took := time.Since(began); code != exitFailed || took > soon {
		t.Errorf("exit code %d after %s", code, took)
	}
}

// TestManualPage wants a page that has each command and no line that troff would take for its own.
func TestManualPage(t *testing.T) {
	var out bytes.Buffer
	if code := run(&console{ctx: t.Context(), out: &out, err: &out}, []string{"man"}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	for _, want := range []string{".TH CHARGESTAMP 1\n", ".SS chargestamp charges void", `.B \-o, \-\-output`,
		".SH EXIT STATUS"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	request := regexp.MustCompile(`^\.(TH|SH|SS|TP|B|I)\b`)
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, ".") && !request.MatchString(line) {
			t.Errorf("the line %q is no text", line)
		}
	}
}

func TestLotsTableTellsPendingByAge(t *testing.T) {
	var out bytes.Buffer
	c := &console{ctx: t.Context(), out: &out}
	l := lotsList{wholeList{listing: listing{remote: answering(t,
		`{"items":[{"lot":"200461/1313","name":"a","kind":"api","line":null,"pending":1200345,
		"pending_over_1m":7,"pending_over_10m":3,"oldest_age_s":1800,
		"clock":{"zh":"x","en":"the lot's clock is 30 min ahead"},"not_answering":true}]}`),
		output: output{Output: "csv"}}}}
	if err := l.Run(c); err != nil {
		t.Fatal(err)
	}
	const want = "LOT,NAME,KIND,STATE,LINE,PENDING,OVER_1M,OVER_10M,OLDEST,LAST_HEARTBEAT,FAULT\n" +
		"200461/1313,a,api,on,,1200345,7,3,1800,,\"clock is 30 min ahead, not answering\"\n"
	if out.String() != want {
		t.Errorf("printed\n%s, want\n%s", out.String(), want)
	}
}
