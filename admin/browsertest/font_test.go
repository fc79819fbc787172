package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestChineseFont wants pictures with Chinese in them where there is a font, and that it is noticed where there is
// none.
func TestChineseFont(t *testing.T) {
	if b := open(t, browser(t), ""); !b.drawsChinese() {
		t.Error("Chinese comes out as empty boxes: make deps installs a font")
	}
	none := filepath.Join(t.TempDir(), "fonts.conf")
	if err := os.WriteFile(none, []byte(`<?xml version="1.0"?><fontconfig><dir>`+t.TempDir()+`</dir></fontconfig>`),
		0o600); err != nil {
		t.Fatal(err)
	}
	if b := open(t, browser(t, chromedp.Env("FONTCONFIG_FILE="+none)), ""); b.drawsChinese() {
		t.Error("no font is there, and that is not noticed")
	}
}
