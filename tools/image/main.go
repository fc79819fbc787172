// Command image writes a container image as an OCI layout, without a container engine: a folder with oci-layout,
// index.json and blobs/sha256, as skopeo, podman and registries' clients read it. The image has the program, the
// certificates of this machine's authorities, a user and an empty data folder; nothing else is in it.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// image says what is written.
type image struct {
	program, certificates, arch, version, out string
	created                                   time.Time
}

func main() {
	var i image
	flag.StringVar(&i.program, "program", "bin/chargestamp", "the static program")
	flag.StringVar(&i.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt",
		"authorities that outbound HTTPS trusts")
	flag.StringVar(&i.arch, "arch", "amd64", "architecture of the program")
	flag.StringVar(&i.version, "version", "dev", "tag and label of the image")
	flag.StringVar(&i.out, "out", "dist/image", "folder to write")
	created := flag.Int64("created", 0, "Unix time of all that is in it; the same input makes the same image")
	flag.Parse()
	i.created = time.Unix(*created, 0).UTC()
	if err := i.write(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// userID is the user that the program runs as in the image.
const userID = 65532

// blob is a part of the layout, as others point to it.
type blob struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`

	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    map[string]string `json:"platform,omitempty"`
}

func (i *image) write() error {
	files, err := i.layer()
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(files); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	layer, err := i.put("application/vnd.oci.image.layer.v1.tar+gzip", packed.Bytes())
	if err != nil {
		return err
	}
	settings, err := i.putJSON("application/vnd.oci.image.config.v1+json", i.settings(digest(files)))
	if err != nil {
		return err
	}
	manifest, err := i.putJSON("application/vnd.oci.image.manifest.v1+json", map[string]any{"schemaVersion": 2,
		"mediaType": "application/vnd.oci.image.manifest.v1+json", "config": settings, "layers": []blob{layer}})
	if err != nil {
		return err
	}
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": i.version}
	manifest.Platform = map[string]string{"os": "linux", "architecture": i.arch}
	return errors.Join(i.file("index.json", map[string]any{"schemaVersion": 2,
		"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []blob{manifest}}),
		i.file("oci-layout", map[string]any{"imageLayoutVersion": "1.0.0"}))
}

// settings are how the image is run.
func (i *image) settings(layer string) map[string]any {
	none := struct{}{}
	return map[string]any{
		"created": i.created.Format(time.RFC3339), "os": "linux", "architecture": i.arch,
		"config": map[string]any{
			"User": fmt.Sprint(userID), "WorkingDir": "/data", "Volumes": map[string]any{"/data": none},
			"Entrypoint": []string{"/usr/bin/chargestamp"}, "Cmd": []string{"serve", "--data", "/data"}, "StopSignal": "SIGTERM",
			"ExposedPorts": map[string]any{"8080/tcp": none, "8081/tcp": none, "6789/tcp": none},
			"Labels": map[string]string{"org.opencontainers.image.version": i.version,
				"org.opencontainers.image.licenses": "Apache-2.0"},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{layer}},
		"history": []map[string]any{{"created": i.created.Format(time.RFC3339), "created_by": "tools/image"}},
	}
}

// layer is what lies in the image.
func (i *image) layer() ([]byte, error) {
	program, err := os.ReadFile(i.program)
	if err != nil {
		return nil, err
	}
	authorities, err := os.ReadFile(i.certificates)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	entry := func(name string, mode int64, owner int, body []byte) {
		h := &tar.Header{Name: name, Mode: mode, Uid: owner, Gid: owner, Size: int64(len(body)), ModTime: i.created,
			Typeflag: tar.TypeReg}
		if body == nil {
			h.Typeflag, h.Name = tar.TypeDir, name+"/"
		}
		err = errors.Join(err, t.WriteHeader(h))
		if body != nil {
			_, wrote := t.Write(body)
			err = errors.Join(err, wrote)
		}
	}
	for _, folder := range []string{"etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/bin"} {
		entry(folder, 0o755, 0, nil)
	}
	entry("tmp", 0o1777, 0, nil)
	entry("data", 0o700, userID, nil)
	entry("etc/passwd", 0o644, 0, fmt.Appendf(nil, "chargestamp:x:%d:%[1]d:Chargestamp:/data:/sbin/nologin\n", userID))
	entry("etc/ssl/certs/ca-certificates.crt", 0o644, 0, authorities)
	entry("usr/bin/chargestamp", 0o755, 0, program)
	err = errors.Join(err, t.Close()) // writes the end of the archive
	return out.Bytes(), err
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// put writes a blob under its digest.
func (i *image) put(kind string, body []byte) (blob, error) {
	b := blob{MediaType: kind, Digest: digest(body), Size: int64(len(body))}
	folder := filepath.Join(i.out, "blobs", "sha256")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return b, err
	}
	return b, os.WriteFile(filepath.Join(folder, b.Digest[len("sha256:"):]), body, 0o644)
}

func (i *image) putJSON(kind string, v any) (blob, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return blob{}, err
	}
	return i.put(kind, body)
}

func (i *image) file(name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(i.out, name), append(body, '\n'), 0o644)
}
