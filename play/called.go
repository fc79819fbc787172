package play

import (
	"errors"
	"net/http"
)

// called is a played lot that the gateway calls over HTTP: the listener that it is called at, and the book.
type called struct {
	desk  *desk
	calls stall
	book  stall
}

// open opens both listeners.
func (c *called) open(addr string, serve http.HandlerFunc, bookAddr string) error {
	if err := c.calls.open(addr, serve); err != nil {
		return err
	}
	if err := c.book.open(bookAddr, c.desk.book); err != nil {
		return errors.Join(err, c.calls.close())
	}
	return nil
}

// Stop closes both listeners.
func (c *called) Stop() error { return errors.Join(c.calls.close(), c.book.close()) }

// BookURL is the base address of the book.
func (c *called) BookURL() string { return c.book.url }

// Book is the lot's own book.
func (c *called) Book() *Book { return c.desk.book }
