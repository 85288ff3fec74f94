package plan

import (
	"net/http"

	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/app/web"
	"sportello/app/web/program"
)

// apiTemplate is a template of plans. Its content has the names of its file, in the plural.
type apiTemplate struct {
	template.File
	Rev     uint64 `json:"rev"`
	Group   string `json:"group"`             // that looks after it
	State   string `json:"state"`             // draft: as it is being written; published
	Version int    `json:"version,omitempty"` // that plans begin with
	Retired bool   `json:"retired,omitempty"` // no plan begins with it any more
	Source  string `json:"source,omitempty"`  // the same as the text of a file
}

type apiTemplateList struct {
	Templates []apiTemplate `json:"templates"`
}

// apiTemplateForm is a template as a program writes it: its content, or the text of its file as source.
type apiTemplateForm struct {
	template.File
	Rev     uint64 `json:"rev,omitempty"`
	Group   string `json:"group,omitempty"`
	Source  string `json:"source,omitempty"`
	Publish bool   `json:"publish,omitempty"` // make a version of it, with which plans begin
	Reason  string `json:"reason,omitempty"`  // what changed in the version
}

func templateAnswer(v *template.View) apiTemplate {
	out := apiTemplate{File: *v.File, Rev: v.Rev, Group: v.Group.Code, State: "published", Version: v.Template.Number, Retired: v.Template.Retired}
	if v.Drafted {
		out.State = "draft"
	}
	return out
}

func (a pages) answerTemplate(r *web.Request, v *template.View, status int) error {
	out := templateAnswer(v)
	out.Source = v.Source
	r.Status(status)
	if status == http.StatusCreated {
		r.SetLocation(program.Base + "/templates/" + v.Template.Code)
	}
	return r.JSON(out)
}

func (a pages) apiTemplates(r *web.Request) error {
	list, err := a.Desk.Templates.List(r.Actor())
	if err != nil {
		return err
	}
	out := apiTemplateList{Templates: []apiTemplate{}}
	for _, v := range list {
		one := templateAnswer(v)
		one.Phases, one.Facts, one.Norms, one.Roles = nil, nil, nil, nil
		out.Templates = append(out.Templates, one)
	}
	return r.JSON(out)
}

func (a pages) apiTemplate(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	return a.answerTemplate(r, v, http.StatusOK)
}

func (a pages) apiPostTemplate(r *web.Request) error {
	if who := r.Actor(); !who.IsAgent() && !who.IsAdministrator() {
		return policy.Denied(who)
	}
	return a.putTemplate(r, "", http.StatusCreated)
}

func (a pages) apiPutTemplate(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	if !v.MayWrite {
		return policy.Denied(r.Actor())
	}
	return a.putTemplate(r, v.Template.Code, http.StatusOK)
}

func (a pages) putTemplate(r *web.Request, code string, status int) error {
	var in apiTemplateForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	raw := []byte(in.Source)
	if in.Source == "" {
		if in.Code == "" {
			in.Code = code
		}
		var err error
		if raw, err = in.File.Bytes(); err != nil {
			return err
		}
	}
	v, err := a.Desk.Templates.Save(r.Actor(), code, template.Form{Source: raw, Group: in.Group, Rev: in.Rev})
	if err == nil && in.Publish {
		v, err = a.Desk.Templates.Publish(r.Actor(), v.Template.Code, v.Rev, in.Reason)
	}
	if err != nil {
		return err
	}
	return a.answerTemplate(r, v, status)
}

func (a pages) apiPublishTemplate(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	if !v.MayPublish {
		return policy.Denied(r.Actor())
	}
	var in program.Reason
	if err := program.ReadSome(r, &in); err != nil {
		return err
	}
	if in.Rev == 0 {
		in.Rev = v.Rev
	}
	if v, err = a.Desk.Templates.Publish(r.Actor(), v.Template.Code, in.Rev, in.Reason); err != nil {
		return err
	}
	return a.answerTemplate(r, v, http.StatusOK)
}

// apiRetired says whether plans begin with a template.
type apiRetired struct {
	Retired bool   `json:"retired"`
	Rev     uint64 `json:"rev,omitempty"`
}

func (a pages) apiRetireTemplate(r *web.Request) error {
	v, err := a.Desk.Templates.Read(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	if !v.MayPublish {
		return policy.Denied(r.Actor())
	}
	in := apiRetired{Rev: v.Rev}
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if v, err = a.Desk.Templates.Retire(r.Actor(), v.Template.Code, in.Rev, in.Retired); err != nil {
		return err
	}
	return a.answerTemplate(r, v, http.StatusOK)
}
