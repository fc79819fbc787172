package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/app"
)

// keeper is the flags of commands that work through the API, through the socket of the server that holds a data
// folder, or on the data themselves where no server holds them.
type keeper struct {
	remote
	Data       string `type:"path" help:"Data folder of the server on this machine; by default the API is used."`
	Database   string `env:"CHARGESTAMP_DATABASE_URL" help:"postgres://… where the data are there."`
	SecretsKey string `type:"path" help:"Secrets key file; default secrets.key in the data folder."`
}

// with runs fn on a client: the API's, the socket's, or that of a server opened for this one call.
func (k keeper) with(c *console, fn func(*client.Client) error) error {
	if k.Data == "" {
		return fn(k.client())
	}
	if there := client.Local(k.Data); there != nil {
		return fn(there)
	}
	cfg := app.Defaults()
	if err := cfg.ReadEnv(lookupEnv); err != nil {
		return usageError{err}
	}
	cfg.Data, cfg.SecretsKeyFile = k.Data, k.SecretsKey
	if k.Database != "" {
		cfg.Database.URL = k.Database
	}
	return app.WithData(c.ctx, cfg, func(socket string) error { return fn(client.Local(k.Data)) })
}

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make an API token; it is shown once."`
	List   tokenList   `cmd:"" default:"withargs" help:"List tokens."`
	Revoke tokenRevoke `cmd:"" help:"End a token."`
}

type tokenCreate struct {
	keeper
	Role string `required:"" enum:"viewer,support,admin" help:"viewer, support or admin."`
	Name string `default:"cli" help:"What the token is for."`
}

// Run makes a token and prints it alone on stdout.
func (t *tokenCreate) Run(c *console) error {
	return t.with(c, func(cl *client.Client) error {
		var out struct {
			Secret string `json:"secret"`
			Token  string `json:"token"`
		}
		if err := cl.Post(c.ctx, "/api/v1/tokens", map[string]string{"name": t.Name, "role": t.Role}, &out); err != nil {
			return err
		}
		fmt.Fprintln(c.out, out.Token+out.Secret)
		fmt.Fprintln(c.err, "keep it: it is not shown again")
		return nil
	})
}

type tokenList struct {
	keeper
	output
}

var tokenColumns = []column{field("ID", "id"), field("NAME", "name"), field("ROLE", "role"),
	moment("CREATED", "created_at"), moment("LAST USED", "last_used_at")}

// Run lists tokens.
func (t *tokenList) Run(c *console) error {
	return t.with(c, func(cl *client.Client) error {
		var page struct {
			Items []item `json:"items"`
		}
		if err := cl.Get(c.ctx, "/api/v1/tokens", nil, &page); err != nil {
			return err
		}
		return listing{output: t.output}.print(c, page.Items, tokenColumns, tokenColumns)
	})
}

type tokenRevoke struct {
	keeper
	ID string `arg:"" help:"Token id."`
}

// Run ends a token.
func (t *tokenRevoke) Run(c *console) error {
	return t.with(c, func(cl *client.Client) error {
		return cl.Call(c.ctx, "DELETE", "/api/v1/tokens/"+t.ID, nil, nil)
	})
}

type userCommand struct {
	List   userList   `cmd:"" default:"withargs" help:"List console users."`
	Create userCreate `cmd:"" help:"Make a console user; the password comes on standard input."`
}

type userList struct {
	keeper
	output
}

var userColumns = []column{field("NAME", "name"), field("ROLE", "role"), moment("CREATED", "created_at"),
	field("TWO_FACTORS", "totp"), moment("REVOKED", "revoked_at")}

// Run lists users.
func (u *userList) Run(c *console) error {
	return u.with(c, func(cl *client.Client) error {
		var page struct {
			Items []item `json:"items"`
		}
		if err := cl.Get(c.ctx, "/api/v1/users", nil, &page); err != nil {
			return err
		}
		return listing{output: u.output}.print(c, page.Items, userColumns, userColumns)
	})
}

type userCreate struct {
	keeper
	Name string `required:"" help:"User name."`
	Role string `required:"" enum:"viewer,support,admin" help:"viewer, support or admin."`
}

// Run makes a user.
func (u *userCreate) Run(c *console) error {
	fmt.Fprint(c.err, "password: ")
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && line == "" {
		return usage("give the password on standard input")
	}
	password := strings.TrimRight(line, "\r\n")
	return u.with(c, func(cl *client.Client) error {
		body := map[string]string{"name": u.Name, "role": u.Role, "password": password}
		if err := cl.Post(c.ctx, "/api/v1/users", body, nil); err != nil {
			return err
		}
		fmt.Fprintf(c.err, "user %s may log in\n", u.Name)
		return nil
	})
}
