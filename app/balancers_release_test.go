//go:build release

package app

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// example reads a file of the repository with its addresses replaced; each must stand there.
func example(t *testing.T, file string, old, with []string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for i, o := range old {
		if !strings.Contains(config, o) {
			t.Fatalf("%s lacks %q", file, o)
		}
		config = strings.ReplaceAll(config, o, with[i])
	}
	return config
}

// crossing is a lot behind a front, and a platform before it.
type crossing struct {
	*town
	lot        charge.LotID
	http, line string // where the front listens
}

// cross applies an estate, connects the lot by the front's line and pushes by its HTTP.
func cross(t *testing.T, s *site, http, line string) *crossing {
	t.Helper()
	x := &crossing{town: newTown(), http: http, line: line}
	x.lot = x.town.lot("1001", charge.KindSDK, nil)
	x.account("telaidian", nil)
	s.apply(x.estate())
	lot := play.NewSDKLot(play.SDKLotConfig{Lot: x.lot, Ckey: x.ckey, Addr: line})
	eventually(t, 20*time.Second, func() string {
		if err := lot.Start(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	})
	t.Cleanup(func() { _ = lot.Stop() })
	if _, err := lot.Enter(t.Context(), testCar, time.Now().Add(-play.StayLength)); err != nil {
		t.Fatal(err)
	}
	return x
}

// delivers pushes for the car until the front hands it on, and wants the lot to acknowledge.
func (x *crossing) delivers(t *testing.T, s *site) {
	t.Helper()
	push := pushFor(x.lot, testCar, "")
	player := x.player("telaidian", x.http)
	eventually(t, 20*time.Second, func() string {
		if e, err := player.Send(t.Context(), push, play.Options{}); err != nil || !e.Delivered() {
			return fmt.Sprintf("push: %v, %+v", err, e)
		}
		return ""
	})
	s.office().settled(t, push.Order, charge.StateDelivered)
}

// seen wants the gateway to know a client of HTTP by its own address, not the front's.
func (x *crossing) seen(t *testing.T, s *site) {
	t.Helper()
	const client = "127.0.0.7"
	c := dialFrom(t, client, x.http)
	fmt.Fprint(c, brokenPush)
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Fatal(err)
	}
	var list struct{ Items []struct{ Remote string } }
	s.office().must(t, http.MethodGet, "/api/v1/pushes?limit=1", nil, &list)
	if len(list.Items) == 0 || !strings.HasPrefix(list.Items[0].Remote, client) {
		t.Errorf("the push was stored as coming from %v, want %s", list.Items, client)
	}
}

// lineSeen wants the same of a client of the line.
func (x *crossing) lineSeen(t *testing.T, nodes ...*site) {
	t.Helper()
	const client = "127.0.0.8"
	fmt.Fprint(dialFrom(t, client, x.line), "no frame of a lot\r\n")
	eventually(t, 10*time.Second, func() string {
		for _, s := range nodes {
			if strings.Contains(s.log.String(), client) {
				return ""
			}
		}
		return "no node's log names the client of the line"
	})
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// TestHAProxyExample puts HAProxy with deploy/balancer/haproxy.cfg before two nodes: pushes and lines pass, the
// clients' addresses are known, and when a node stops the other takes over.
func TestHAProxyExample(t *testing.T) {
	place, key := storetest.Postgres(storetest.StartPostgres(t))(t).URL, secretsKey()
	ports := [3]string{portOf(freeAddress(t)), portOf(freeAddress(t)), portOf(freeAddress(t))}
	var nodes [2]*site
	for i := range nodes {
		at := func(port int) string { return fmt.Sprintf("127.0.0.%d:%s", 11+i, ports[port]) }
		cfg := local(t)
		cfg.Database.URL, cfg.SecretsKey = place, key
		cfg.HTTP.Addr, cfg.Line.Addr, cfg.Health.Addr = at(0), at(1), at(2)
		cfg.TrustedProxies, cfg.Line.ProxyProtocol = []string{"127.0.0.1/32"}, true
		nodes[i] = serve(t, cfg)
	}
	platforms, lines := freeAddress(t), freeAddress(t)
	// So many connections need more open files than a test may have.
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	write(t, config, example(t, "../deploy/balancer/haproxy.cfg", []string{"maxconn 40000"}, []string{"maxconn 1000"}))
	launch(t, "HAProxy", []string{"FRONT_HTTP=" + platforms, "FRONT_LINE=" + lines,
		"NODE_A=127.0.0.11", "NODE_B=127.0.0.12", "NODE_HTTP=" + ports[0], "NODE_LINE=" + ports[1],
		"HEALTH_PORT=" + ports[2]}, []string{"haproxy", "-db", "-f", config})
	open(t, platforms)
	x := cross(t, nodes[0], platforms, lines)
	x.delivers(t, nodes[0])
	x.seen(t, nodes[0])
	x.lineSeen(t, nodes[:]...)
	nodes[0].Stop(15 * time.Second)
	x.delivers(t, nodes[1])
}

// nginxHead is what a configuration needs to run beside others; FOLDER stands for a folder of its own.
const nginxHead = `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; master_process off; pid FOLDER/pid;
`

// nginx runs nginx with a configuration and waits for an address of it.
func nginx(t *testing.T, folder, config, address string) {
	t.Helper()
	config = strings.ReplaceAll(nginxHead+config, "FOLDER", folder)
	config = strings.Replace(config, "http {", "http { access_log off; "+strings.ReplaceAll(
		"client_body_temp_path F/1; proxy_temp_path F/2; fastcgi_temp_path F/3; uwsgi_temp_path F/4; scgi_temp_path F/5;",
		"F/", folder+"/"), 1)
	file := filepath.Join(folder, "nginx.conf")
	write(t, file, config)
	launch(t, "nginx", nil, []string{"nginx", "-p", folder, "-e", filepath.Join(folder, "error.log"), "-c", file})
	open(t, address)
}

// TestNginxExample puts nginx with deploy/balancer/nginx.conf before a gateway: pushes, lines and the console pass.
func TestNginxExample(t *testing.T) {
	cfg := local(t)
	cfg.TrustedProxies, cfg.Line.ProxyProtocol = []string{"127.0.0.1/32"}, true
	cfg.Admin.URL = "https://charging.example.com"
	s := serve(t, cfg)
	folder, to := t.TempDir(), s.Addresses()
	platforms, lines, console := freeAddress(t), freeAddress(t), freeAddress(t)
	certify(t, filepath.Join(folder, "console.pem"), filepath.Join(folder, "console.key"), 1)
	nginx(t, folder, example(t, "../deploy/balancer/nginx.conf",
		[]string{"listen 80;", "listen 443 ssl;", "listen 6789;", "/etc/nginx/", "127.0.0.1:8080", "127.0.0.1:8081",
			"127.0.0.1:16789"},
		[]string{"listen " + platforms + ";", "listen " + console + " ssl;", "listen " + lines + ";", folder + "/", to.HTTP,
			to.Admin, to.Line}), platforms)
	x := cross(t, s, platforms, lines)
	x.delivers(t, s)
	x.seen(t, s)
	x.lineSeen(t, s)
	if n := serialAt(t, console); n != 1 {
		t.Errorf("the console shows certificate %d", n)
	}
}

// TestManualsProxies runs nginx with the two blocks of docs/operating.md: a double slash reaches the gateway, which
// knows the client's address; of the console the shared pages and what they load pass, and nothing else.
func TestManualsProxies(t *testing.T) {
	cfg := local(t)
	cfg.TrustedProxies = []string{"127.0.0.1/32"}
	s := serve(t, cfg)
	folder, to := t.TempDir(), s.Addresses()
	page := example(t, "../docs/operating.md", []string{"127.0.0.1:8080", "127.0.0.1:8081"}, []string{to.HTTP, to.Admin})
	found := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(found) != 2 {
		t.Fatalf("docs/operating.md has %d blocks for nginx, want 2", len(found))
	}
	platforms, shared := freeAddress(t), freeAddress(t)
	nginx(t, folder, fmt.Sprintf("events {}\nhttp {\nserver { listen %s;\n%s}\nserver { listen %s;\n%s}\n}\n", platforms,
		found[0][1], shared, found[1][1]), platforms)
	(&crossing{http: platforms}).seen(t, s)
	resp, err := http.Post("http://"+platforms+"/zld//hlht/v1/query_token", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a path with a double slash: HTTP %d", resp.StatusCode)
	}
	resp, err = http.Get("http://" + to.Admin + "/login")
	if err != nil {
		t.Fatal(err)
	}
	asset := regexp.MustCompile(`/assets/[^"]+`).FindString(readAll(t, resp))
	for path, ours := range map[string]bool{asset: true, "/p/none": true, "/login": false, "/api/v1/charges": false} {
		resp, err := http.Get("http://" + shared + path)
		if err != nil {
			t.Fatal(err)
		}
		text := readAll(t, resp)
		if strings.Contains(text, "<center>nginx") == ours || path == asset && resp.StatusCode != http.StatusOK {
			t.Errorf("%s: HTTP %d %.80q", path, resp.StatusCode, text)
		}
	}
}
