package console

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/estate"
)

// What the import page shows: a file larger than mostShown is kept packed, and mostWrong of its errors are shown.
const (
	mostShown = 48 << 10
	mostWrong = 100
)

// importView is an estate file on its way in.
type importView struct {
	Text     string
	Packed   string // the text where it is too large to be shown
	Size     int    // of the text, in bytes
	Wrong    []string
	Changes  estate.Changes
	Weak     []estate.Weak
	Previews bool
}

func (c *Console) estateFile(w http.ResponseWriter, r *http.Request, p *page) error {
	return render(w, r, http.StatusOK, estateFilePage(p, importView{}))
}

func (c *Console) export(w http.ResponseWriter, r *http.Request, p *page) error {
	export := c.desk.ExportWithoutSecrets
	if r.URL.Query().Get("secrets") == "placeholders" {
		export = c.desk.Export
	}
	doc, err := export(p.Who)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="estate.yaml"`)
	_, err = w.Write(doc)
	return err
}

// importFile says what a file would change, or applies it.
func (c *Console) importFile(w http.ResponseWriter, r *http.Request, p *page) error {
	v := importView{Text: r.PostForm.Get("text")}
	if v.Text == "" {
		v.Text = unpack(r.PostForm.Get("packed"))
	}
	if file, _, err := r.FormFile("file"); err == nil {
		defer file.Close()
		data, err := io.ReadAll(file)
		if err != nil {
			return errTooLarge
		}
		if len(data) > 0 {
			v.Text = string(data)
		}
	}
	dry := r.PostForm.Get("step") != "apply"
	changes, weak, err := c.desk.Apply(r.Context(), p.Who, []byte(v.Text), dry)
	if v.Size = len(v.Text); v.Size > mostShown {
		v.Text, v.Packed = "", pack(v.Text)
	}
	var known *desk.Error
	switch {
	case errors.As(err, &known) && known.Kind == desk.Invalid:
		for i, f := range known.Fields {
			if i == mostWrong {
				v.Wrong = append(v.Wrong, fmt.Sprintf(p.T("……共 %d 处错误", "… %d errors in all"), len(known.Fields)))
				break
			}
			v.Wrong = append(v.Wrong, f.Where+": "+p.T(f.Chinese, f.Detail))
		}
		return render(w, r, http.StatusUnprocessableEntity, estateFilePage(p, v))
	case err != nil:
		return err
	case dry:
		v.Changes, v.Weak, v.Previews = changes, weak, true
		return render(w, r, http.StatusOK, estateFilePage(p, v))
	case len(changes) == 0:
		return c.seeOther(w, r, "/estate", "nothing")
	}
	return c.seeOther(w, r, "/estate", "applied")
}

// pack makes a text small enough to go with a page, and unpack undoes it.
func pack(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text) // into memory
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func unpack(packed string) string {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(r, maxImport))
	if err != nil {
		return ""
	}
	return string(text)
}
