package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manCommand prints a page for man(1).
type manCommand struct{}

// Run prints what every command is for and its flags, as troff.
func (m *manCommand) Run(c *console, parser *kong.Kong) error {
	var page strings.Builder
	page.WriteString(".TH CHARGESTAMP 1\n.SH NAME\n" +
		"chargestamp \\- open gateway between charging platforms and car parks\n" +
		".SH SYNOPSIS\n.B chargestamp\n.I command\n[flags]\n.SH COMMANDS\n")
	for _, child := range parser.Model.Children {
		manual(&page, child)
	}
	page.WriteString(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong use.\n.SH ENVIRONMENT\n" +
		"CHARGESTAMP_SERVER, CHARGESTAMP_TOKEN: the server that commands speak to, and an API token. " +
		"Settings of serve: CHARGESTAMP_ and the name in the config file.\n" +
		".SH SEE ALSO\nThe manual of a running server: http://127.0.0.1:8081/docs\n")
	_, err := io.WriteString(c.out, page.String())
	return err
}

// manual writes a command, or those below it where it does nothing by itself.
func manual(page *strings.Builder, n *kong.Node) {
	if n.Hidden {
		return
	}
	if len(n.Children) > 0 {
		for _, child := range n.Children {
			manual(page, child)
		}
		return
	}
	fmt.Fprintf(page, ".SS %s\n%s\n", troff(n.FullPath()), troff(n.Help))
	for _, flag := range n.Flags {
		if flag.Hidden || flag.Name == "help" {
			continue
		}
		name := "--" + flag.Name
		if flag.Short != 0 {
			name = "-" + string(flag.Short) + ", " + name
		}
		fmt.Fprintf(page, ".TP\n.B %s\n%s\n", troff(name), troff(flag.Help))
	}
}

// troff escapes what troff reads as its own: backslashes, hyphens of flags, and a dot or quote at the start of a line.
func troff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
