// This file looks through the templates for the sentences that they say by their codes.

package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"text/template/parse"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// checkSentences finds the codes in the templates of a set that are not sentences, or are not given
// as many arguments as they have, so that a wrong one is an error at the start. A sentence without
// arguments becomes text of the template: it is looked up once, not on each page.
func checkSentences(set *template.Template, words *text.Catalogue) error {
	for _, t := range set.Templates() {
		if t.Tree == nil || t.Tree.Root == nil {
			continue
		}
		c := sentenceCheck{t.Tree, words}
		if err := c.list(t.Tree.Root); err != nil {
			return err
		}
	}
	return nil
}

// sentenceCheck goes through one template.
type sentenceCheck struct {
	tree  *parse.Tree
	words *text.Catalogue
}

func (c sentenceCheck) list(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for i, n := range list.Nodes {
		var err error
		switch n := n.(type) {
		case *parse.ActionNode:
			if err = c.pipe(n.Pipe); err == nil && !(i > 0 && opensUnquoted(list.Nodes[i-1])) {
				list.Nodes[i] = c.constant(n)
			}
		case *parse.IfNode:
			err = c.branch(&n.BranchNode)
		case *parse.RangeNode:
			err = c.branch(&n.BranchNode)
		case *parse.WithNode:
			err = c.branch(&n.BranchNode)
		case *parse.TemplateNode:
			err = c.pipe(n.Pipe)
		}
		if err != nil {
			return err
		}
	}
	list.Nodes = joined(list.Nodes)
	return nil
}

func (c sentenceCheck) branch(b *parse.BranchNode) error {
	for _, check := range []func() error{
		func() error { return c.pipe(b.Pipe) }, func() error { return c.list(b.List) }, func() error { return c.list(b.ElseList) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c sentenceCheck) pipe(pipe *parse.PipeNode) error {
	if pipe == nil {
		return nil
	}
	for i, command := range pipe.Cmds {
		if err := c.command(command, i > 0); err != nil {
			where, _ := c.tree.ErrorContext(command)
			return fmt.Errorf("ui: template %s: %w", where, err)
		}
		for _, arg := range command.Args {
			for chain, ok := arg.(*parse.ChainNode); ok; chain, ok = arg.(*parse.ChainNode) {
				arg = chain.Node
			}
			if inner, ok := arg.(*parse.PipeNode); ok {
				if err := c.pipe(inner); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// command checks one call; piped says that it has an argument more than are written after it.
func (c sentenceCheck) command(command *parse.CommandNode, piped bool) error {
	name, ok := command.Args[0].(*parse.IdentifierNode)
	if !ok || name.Ident != "text" && name.Ident != "parts" {
		return nil
	}
	args := len(command.Args) - 2
	if piped {
		args++
	}
	if len(command.Args) < 2 {
		return fmt.Errorf("%s is called without the code of a sentence", name.Ident)
	}
	code, ok := command.Args[1].(*parse.StringNode)
	if !ok {
		return fmt.Errorf("%s is called with %s: write the code of the sentence there", name.Ident, command.Args[1])
	}
	if name.Ident == "parts" {
		return text.TakesParts(code.Text, args)
	}
	return text.Takes(code.Text, args)
}

// opensUnquoted reports whether what comes after a node is the value of an attribute without
// quotes, in which html/template escapes spaces too.
func opensUnquoted(n parse.Node) bool {
	before, ok := n.(*parse.TextNode)
	return ok && bytes.HasSuffix(before.Text, []byte("="))
}

// constant is the text of an action that says a sentence without arguments, escaped for between
// tags and for attributes in quotes of both kinds; other actions stay.
func (c sentenceCheck) constant(n *parse.ActionNode) parse.Node {
	if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return n
	}
	name, called := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	code, written := n.Pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !called || name.Ident != "text" || !written {
		return n
	}
	said, err := c.words.Text(code.Text)
	if err != nil {
		return n
	}
	return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(template.HTMLEscapeString(said))}
}

// joined makes one text of texts that follow each other.
func joined(nodes []parse.Node) (all []parse.Node) {
	for _, n := range nodes {
		next, isText := n.(*parse.TextNode)
		if before, follows := last(all).(*parse.TextNode); isText && follows {
			before.Text = slices.Concat(before.Text, next.Text)
			continue
		}
		all = append(all, n)
	}
	return all
}

func last(nodes []parse.Node) parse.Node {
	if len(nodes) == 0 {
		return nil
	}
	return nodes[len(nodes)-1]
}
