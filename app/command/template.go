package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/desk/template"
	"sportello/store/fault"
)

// templatesCommand takes templates of plans in, as export templates writes them.
func (in *importing) templatesCommand() *cobra.Command {
	draft := false
	c := &cobra.Command{Use: "templates PATH", Short: "Take templates of plans in from TOML: a file, or a folder of them", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return in.run(c.Context(), func(ctx context.Context) error {
			paths := []string{args[0]}
			if info, err := os.Stat(in.r.path(args[0])); args[0] != "-" && err == nil && info.IsDir() {
				if paths, err = filepath.Glob(filepath.Join(in.r.path(args[0]), "*.toml")); err != nil {
					return err
				}
				slices.Sort(paths)
			}
			for _, path := range paths {
				if err := in.source(ctx, path, func(_ context.Context, src io.Reader) error { return in.template(path, src, !draft) }); err != nil {
					return err
				}
			}
			return nil
		})
	}}
	c.Flags().BoolVar(&draft, "draft", false, "do not publish them: plans go on beginning with what is published")
	return c
}

// template writes one template and publishes it. One that is published as it is stays untouched.
func (in *importing) template(path string, src io.Reader, publish bool) error {
	raw, err := io.ReadAll(io.LimitReader(src, template.MaxFile+1))
	if err != nil {
		return err
	}
	file, err := template.Parse(raw)
	var wrong *template.ParseError
	if errors.As(err, &wrong) {
		return in.refuse(path, fault.New(fault.Invalid, "error.template-text", "line", wrong.Line, "column", wrong.Column, "text", wrong.Text).At("source"))
	}
	if err != nil {
		return err
	}
	desk := in.app.Desk.Templates
	there, err := desk.Read(importActor, file.Code)
	form := template.Form{Source: raw}
	code := ""
	switch {
	case err == nil:
		code, form.Rev = file.Code, there.Rev
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	v, err := desk.Save(importActor, code, form)
	if err == nil && publish && v.Drafted {
		_, err = desk.Publish(importActor, v.Template.Code, v.Rev, "")
	}
	if err != nil {
		return in.refuse(path, err)
	}
	in.count(code == "")
	return nil
}

// exportTemplates returns the command that writes each template into a folder, as import templates takes them in.
func exportTemplates(r *runner) *cobra.Command {
	return &cobra.Command{Use: "templates FOLDER", Short: "Write each template of plans into FOLDER as CODE.toml, to be kept and compared", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return r.withDesk(c.Context(), func(_ context.Context, a *app.App) error {
			folder := r.path(args[0])
			if err := os.MkdirAll(folder, 0o750); err != nil {
				return err
			}
			list, err := a.Desk.Templates.List(r.actor())
			if err != nil {
				return err
			}
			for _, v := range list {
				if err := os.WriteFile(filepath.Join(folder, v.Template.Code+".toml"), []byte(v.Source), 0o600); err != nil {
					return err
				}
			}
			fmt.Fprintf(r.out, "exported %d\n", len(list))
			return nil
		})
	}}
}
