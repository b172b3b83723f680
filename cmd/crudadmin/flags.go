package main

// This file holds the command line: the commands, their flags, and the variable of each flag.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/go-crudadmin/crudadmin/internal/environ"
)

// command is one of the program's commands with its flags read.
type command interface {
	run(ctx context.Context, p *program) error
}

type grammar struct {
	Demo    demoCommand    `cmd:"" help:"Make a small shop's database and serve the panel over it."`
	Serve   serveCommand   `cmd:"" help:"Serve the panel over your database."`
	Doctor  doctorCommand  `cmd:"" help:"Report what in the database and the settings would not work, or not well. Changes nothing."`
	Health  healthCommand  `cmd:"" help:"Ask the panel that runs with the same settings whether it is alive: exit code 0, or 1."`
	Secret  secretCommand  `cmd:"" help:"Print a fresh secret key for ADMIN_SECRET_KEY."`
	User    userCommand    `cmd:"" help:"Change an administrator."`
	Admin   adminCommand   `cmd:"" help:"Move the administrators' database."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// serverFlags are the flags of every command that serves.
type serverFlags struct {
	shownFlags
	servedFlags

	Addr    string `placeholder:"HOST:PORT" default:"127.0.0.1:8000" variable:"ADDR" help:"Listen here; port 0 asks for a free one."`
	DataDir string `placeholder:"DIR" default:"crudadmin_data" variable:"DATA_DIR" help:"Folder of the program's own files: admin.db, secret.key, the demo's shop.db."`
	JSON    bool   `name:"json" variable:"JSON_OUTPUT" help:"Print url, username and password as one JSON object on one line."`
}

const (
	generalHelp   = "Run \"crudadmin --help\" to see the commands, \"crudadmin COMMAND --help\" to see their flags."
	variablesHint = "docs/operations.md has every variable, its default and its range."
)

// parse reads the arguments. Without an error, no command means that help was asked for and
// printed.
func (p *program) parse(args []string) (command, error) {
	var g grammar
	helped := false
	parser, err := p.parser(&g, func(int) { helped = true })
	if err != nil {
		return nil, fmt.Errorf("command line: %w", err)
	}
	selected, err := parser.Parse(args)
	if helped {
		return nil, nil
	}
	if err != nil {
		return nil, &usageError{err, helpFor(err)}
	}
	return map[string]command{"demo": &g.Demo, "serve": &g.Serve, "doctor": &g.Doctor, "health": &g.Health, "secret": &g.Secret, "user unlock <name>": &g.User.Unlock, "admin copy": &g.Admin.Copy, "version": &g.Version}[selected.Command()], nil
}

// parser reads arguments into g, and variables where a flag is not given.
func (p *program) parser(g *grammar, exit func(int)) (*kong.Kong, error) {
	return kong.New(g,
		kong.Name("crudadmin"),
		kong.Description("An admin panel for the database you have. Every flag has an environment variable, named beside it; the flag wins."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ValueFormatter(func(value *kong.Value) string {
			help := value.Help
			if value.HasDefault {
				help += " Default: " + value.Default + "."
			}
			if name := value.Tag.Get("variable"); name != "" {
				help += " ($" + name + ")"
			}
			return help
		}),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			if name := flag.Tag.Get("variable"); name != "" {
				text, err := p.variable(name)
				if err != nil {
					return nil, err
				}
				if text != "" {
					return text, nil
				}
			}
			return nil, nil
		})),
	)
}

// variable is a flag's variable; one that is a secret may be in a file.
func (p *program) variable(name string) (string, error) {
	if !slices.Contains(environ.Secrets, name) {
		return p.getenv(name), nil
	}
	text, err := environ.Secret(p.getenv, name)
	if err != nil {
		return "", fmt.Errorf("%s%s: %w", name, environ.FileSuffix, err)
	}
	return text, nil
}

// helpFor says where the flags of the command that failed to parse are explained.
func helpFor(err error) string {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if name, _, _ := strings.Cut(parse.Context.Command(), " <"); name != "" { // without its arguments
			return fmt.Sprintf("Run \"crudadmin %s --help\" to see its flags.", name)
		}
	}
	return generalHelp
}

// check refuses an empty folder, and an address that is not HOST:PORT with a port of 0 to 65535.
func (f serverFlags) check() error {
	if f.DataDir == "" {
		return errors.New("--data-dir: it is empty, want the path of a folder")
	}
	addr := f.Addr
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--addr: %q is not HOST:PORT, such as 127.0.0.1:8000", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--addr: %q has the port %q, want 0 (any free one) to 65535", addr, port)
	}
	return nil
}
