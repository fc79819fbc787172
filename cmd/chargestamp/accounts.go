package main

import "strings"

type accountsCommand struct {
	List accountsList `cmd:"" default:"withargs" help:"List accounts, their keys, and when each set was last used."`
}

var accountColumns = []column{field("ACCOUNT", "account"), field("PLATFORM", "platform"), field("SCOPE", "scope"),
	{"STATE", accountState},
	{"KEYS", accountKeys}, moment("KEYS USED", "last_used.current"), moment("FORMER KEYS UNTIL", "former_until"),
	moment("FORMER KEYS USED", "last_used.former")}

func accountState(i item) string {
	if i.at("off") == true {
		return "off"
	}
	return "on"
}

// accountKeys names the keys that an account has.
func accountKeys(i item) string {
	keys, _ := i.at("keys").([]any)
	var names []string
	for _, k := range keys {
		if key, _ := k.(map[string]any); key["value"] != nil {
			names = append(names, cell(key["name"]))
		}
	}
	return strings.Join(names, " ")
}

type accountsList struct {
	wholeList
}

// Run lists accounts.
func (a *accountsList) Run(c *console) error {
	return a.list(c, "/api/v1/accounts", accountColumns, accountColumns)
}
