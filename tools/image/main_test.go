package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLayout follows a layout as a container engine does: index, manifest, settings, layer, each by its digest.
func TestLayout(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"program": "#!/bin/true\n", "authorities": "none\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i := image{program: filepath.Join(dir, "program"), certificates: filepath.Join(dir, "authorities"), arch: "arm64",
		version: "1.2.3", out: filepath.Join(dir, "image"), created: time.Unix(1_700_000_000, 0).UTC()}
	if err := i.write(); err != nil {
		t.Fatal(err)
	}
	read := func(b blob) []byte {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(i.out, "blobs", "sha256", strings.TrimPrefix(b.Digest, "sha256:")))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		if "sha256:"+hex.EncodeToString(sum[:]) != b.Digest || int64(len(body)) != b.Size {
			t.Errorf("%s is not what its digest and size say", b.MediaType)
		}
		return body
	}
	parse := func(body []byte, v any) {
		t.Helper()
		if err := json.Unmarshal(body, v); err != nil {
			t.Fatal(err)
		}
	}
	index, err := os.ReadFile(filepath.Join(i.out, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Manifests []blob }
	parse(index, &list)
	var manifest struct {
		Config blob
		Layers []blob
	}
	parse(read(list.Manifests[0]), &manifest)
	var settings struct {
		Architecture string
		Config       struct{ User string }
		RootFS       struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	parse(read(manifest.Config), &settings)
	if settings.Architecture != "arm64" || settings.Config.User == "" || settings.Config.User == "0" {
		t.Errorf("settings %+v", settings)
	}
	z, err := gzip.NewReader(bytes.NewReader(read(manifest.Layers[0])))
	if err != nil {
		t.Fatal(err)
	}
	files, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(files); "sha256:"+hex.EncodeToString(sum[:]) != settings.RootFS.DiffIDs[0] {
		t.Error("the layer is not the one of the settings")
	}
	if !bytes.HasSuffix(files, make([]byte, 1024)) {
		t.Error("the layer has no end: tar programs take it for cut off")
	}
	found := map[string]int64{}
	for r := tar.NewReader(bytes.NewReader(files)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found[h.Name] = h.Mode
	}
	if found["usr/bin/chargestamp"] != 0o755 || found["data/"] != 0o700 ||
		found["etc/ssl/certs/ca-certificates.crt"] != 0o644 {
		t.Errorf("the layer has %v", found)
	}
}
