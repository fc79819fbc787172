// Command chargestamp is the open gateway between charging platforms and car parks, and the players, checks
// and tools around it. docs/commands.md lists what there is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/chargestamp/chargestamp/admin/client"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the whole command line.
type commands struct {
	Demo       demoCommand       `cmd:"" group:"play" help:"Play all platforms and kinds of lots against a real server."`
	Serve      serveCommand      `cmd:"" help:"Run the gateway."`
	Apply      applyCommand      `cmd:"" help:"Send an estate file to a running server."`
	Export     exportCommand     `cmd:"" help:"Print the estate, secrets as placeholders."`
	Push       pushCommand       `cmd:"" group:"play" help:"Play a platform: build, sign and send one push."`
	Lot        lotCommand        `cmd:"" group:"play" help:"Play a car park."`
	Check      checkCommand      `cmd:"" group:"play" aliases:"doctor" help:"Signature doctor: walk a push offline."`
	Certify    certifyCommand    `cmd:"" group:"play" help:"Run the scripted checklist of a partner's joint test."`
	Pushes     pushesCommand     `cmd:"" help:"Read requests of platforms, and replay them."`
	Logs       logsCommand       `cmd:"" help:"Follow pushes live."`
	Stations   stationsCommand   `cmd:"" help:"Read stations and charging points that no binding lists."`
	Unserved   unservedCommand   `cmd:"" help:"Read requests that nothing serves."`
	Webhooks   webhooksCommand   `cmd:"" help:"Read what webhooks have not taken, and send it again."`
	Stays      staysCommand      `cmd:"" help:"Read stays of cars in lots."`
	Charges    chargesCommand    `cmd:"" help:"Read charges and act on them."`
	Lots       lotsCommand       `cmd:"" help:"Read lots, pause and resume them, ask them for prices."`
	Accounts   accountsCommand   `cmd:"" help:"List accounts, and when their keys were last used."`
	Bindings   bindingsCommand   `cmd:"" help:"List bindings."`
	Statements statementCommand  `cmd:"" help:"Print statements."`
	Rules      rulesCommand      `cmd:"" help:"Try changed rules on stored charges."`
	Token      tokenCommand      `cmd:"" help:"API tokens."`
	User       userCommand       `cmd:"" help:"Console users."`
	Migrate    migrateCommand    `cmd:"" group:"care" help:"Bring the database's schema up to date."`
	Backup     backupCommand     `cmd:"" group:"care" help:"Write a backup, also while serving."`
	Restore    restoreCommand    `cmd:"" group:"care" help:"Fill an empty place from a backup."`
	Copy       copyCommand       `cmd:"" group:"care" help:"Move a site from one engine to the other."`
	Repair     repairCommand     `cmd:"" group:"care" help:"Leave out the last record of a broken log; serve says when."`
	Verify     verifyCommand     `cmd:"" group:"care" help:"Add everything up again and report what does not agree."`
	Bench      benchCommand      `cmd:"" group:"measure" help:"Measure; see docs/performance.md."`
	Sim        simCommand        `cmd:"" group:"measure" help:"Play simulated histories, with every fault, from a seed."`
	Soak       soakCommand       `cmd:"" group:"measure" help:"Kill rounds, lying lots and long runs."`
	Validate   validateCommand   `cmd:"" help:"Check a config file, an estate file or a profile, without a server."`
	Config     configCommand     `cmd:"" help:"Print the settings that serve would use."`
	Help       helpCommand       `cmd:"" help:"Print the help of a command."`
	Completion completionCommand `cmd:"" help:"Print a completion script for a shell."`
	Man        manCommand        `cmd:"" help:"Print the manual page, for man."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version." hidden:""`
}

// helpGroups are the parts of the help behind the commands of every day.
var helpGroups = []kong.Group{
	{Key: "play", Title: "Play the other side, and check it:"},
	{Key: "care", Title: "Care for the data:"},
	{Key: "measure", Title: "Measure and test:"},
}

// console is where a command reads and writes: results on out, words for people on err.
type console struct {
	ctx context.Context
	in  io.Reader
	out io.Writer
	err io.Writer
}

// usageError is wrong use: exit code 2.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFailed is a result that means exit 1 and has been printed already.
var errFailed = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	code := run(&console{ctx, os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	os.Exit(code)
}

// gcPercent lets the heap grow threefold between two collections: what a gateway holds is so little that under load
// the collector would run many times a second. GOGC and GOMEMLIMIT in the environment override it.
const gcPercent = 200

// run parses and carries out one command line and returns its exit code.
func run(c *console, args []string) int {
	if len(args) == 0 {
		run(c, []string{"--help"})
		return exitUsage
	}
	var cli commands
	exit := -1
	parser, err := kong.New(&cli, kong.Name("chargestamp"), kong.UsageOnError(),
		kong.Description("充电减免网关 — the open gateway that makes free parking after charging work."),
		kong.ExplicitGroups(helpGroups), kong.Vars{"version": versionText()}, kong.Writers(c.out, c.err),
		kong.Exit(func(code int) { exit = code }))
	if err != nil {
		fmt.Fprintln(c.err, "chargestamp:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help has been printed
		return exit
	}
	if err != nil {
		fmt.Fprintln(c.err, "chargestamp:", err)
		return exitUsage
	}
	err = parsed.Run(c, parser)
	var wrong usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFailed):
		return exitFailed
	}
	fmt.Fprintln(c.err, "chargestamp:", err)
	if errors.As(err, &wrong) || errors.Is(err, client.ErrAddress) {
		return exitUsage
	}
	return exitFailed
}
