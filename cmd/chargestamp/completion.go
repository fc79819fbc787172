package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// helpCommand prints the help of a command, as --help behind it does.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command; without one, the list of commands."`
}

// Run prints help. What is no command is wrong use.
func (h *helpCommand) Run(c *console) error {
	if code := run(c, append(slices.Clone(h.Command), "--help")); code != exitDone {
		return usage("there is no command %s", strings.Join(h.Command, " "))
	}
	return nil
}

// completionCommand prints a script for a shell.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints what a shell completes: commands below commands, and flags.
func (m *completionCommand) Run(c *console, parser *kong.Kong) error {
	words := map[string][]string{}
	collect(parser.Model.Node, "", words)
	switch m.Shell {
	case "fish":
		return fishCompletion(c, words)
	case "zsh":
		fmt.Fprintln(c.out, "autoload -U +X bashcompinit && bashcompinit")
	}
	fmt.Fprintln(c.out, "_chargestamp() {\n  local path=\"\" word i\n  for ((i = 1; i < COMP_CWORD; i++)); do\n"+
		"    word=${COMP_WORDS[i]}\n    [[ $word == -* ]] && continue\n    case \"$path $word\" in")
	for _, path := range paths(words) {
		if path != "" {
			fmt.Fprintf(c.out, "      %q) path=%q ;;\n", path, path)
		}
	}
	fmt.Fprintln(c.out, "    esac\n  done\n  case \"$path\" in")
	for _, path := range paths(words) {
		fmt.Fprintf(c.out, "    %q) COMPREPLY=($(compgen -W %q -- \"${COMP_WORDS[COMP_CWORD]}\")) ;;\n", path,
			strings.Join(words[path], " "))
	}
	fmt.Fprintln(c.out, "  esac\n}\ncomplete -o default -F _chargestamp chargestamp")
	return nil
}

func fishCompletion(c *console, words map[string][]string) error {
	for _, path := range paths(words) {
		seen := "__fish_use_subcommand"
		if path != "" {
			seen = "__fish_seen_subcommand_from" + path[strings.LastIndex(path, " "):]
		}
		fmt.Fprintf(c.out, "complete -c chargestamp -n %q -a %q\n", seen, strings.Join(words[path], " "))
	}
	return nil
}

func paths(words map[string][]string) []string {
	var all []string
	for path := range words {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// collect gathers the words that may follow each command, by its path such as " charges show".
func collect(n *kong.Node, path string, words map[string][]string) {
	words[path] = []string{}
	for _, child := range n.Children {
		if !child.Hidden {
			words[path] = append(words[path], child.Name)
			collect(child, path+" "+child.Name, words)
		}
	}
	for _, flag := range n.Flags {
		if !flag.Hidden {
			words[path] = append(words[path], "--"+flag.Name)
		}
	}
}
