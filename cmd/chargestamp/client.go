package main

import (
	"io"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/bounded"
)

// remote is the flags of commands that speak to a running server.
type remote struct {
	Server string `default:"http://127.0.0.1:8081" env:"CHARGESTAMP_SERVER" help:"Admin address of the server."`
	Token  string `env:"CHARGESTAMP_TOKEN" help:"API token; better in the environment than on the command line." hidden:""`
}

func (r remote) client() *client.Client { return client.New(r.Server, r.Token) }

// readFile reads a file, or standard input for "-".
func (c *console) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.in, bounded.MostDocument+1))
	}
	return bounded.File(name, bounded.MostDocument)
}

// readText reads a file that a person wrote. What is not UTF-8 is refused: names in it would become other characters.
func (c *console) readText(name string) ([]byte, error) {
	raw, err := c.readFile(name)
	if err == nil && !utf8.Valid(raw) {
		err = usage("%s: it is not UTF-8, most likely GBK: save the file as UTF-8", name)
	}
	return raw, err
}
