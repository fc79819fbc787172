package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

// Estate is the estate as it is; secrets in it print masked.
func (d *Desk) Estate() *estate.State { return d.cfg.Estate.State() }

// Apply validates an estate document and applies it, or with dryRun says what it would change, and which keys of what
// it names are weak. The estate writes its own line into the audit log. Secrets that a document names by {env: …} or
// {file: …} are errors: they would be read on the server, whose files an admin has no right to.
func (d *Desk) Apply(ctx context.Context, who guard.Identity, doc []byte, dryRun bool) (estate.Changes, []estate.Weak,
	error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return nil, nil, err
	}
	parsed, err := estate.Parse("estate", doc, nil, nil)
	if err != nil {
		return nil, nil, Wrap(err)
	}
	before := d.Estate()
	changes, err := d.cfg.Estate.Apply(ctx, parsed, who.ID(), dryRun)
	if err != nil {
		return nil, nil, Wrap(err)
	}
	if err := d.warnOfEarly(ctx, who, before, changes); err != nil {
		d.Failed(ctx, err) // the document counts by now: a warning that is missing must not say that it does not
	}
	return changes, d.Estate().WeakAfter(parsed), nil
}

// Export returns the estate as a document, secrets as placeholders.
func (d *Desk) Export(who guard.Identity) ([]byte, error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return nil, err
	}
	return estate.Export(d.cfg.Estate.State()), nil
}

// ExportWithoutSecrets writes the estate as a file that applies back unchanged.
func (d *Desk) ExportWithoutSecrets(who guard.Identity) ([]byte, error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return nil, err
	}
	return estate.ExportWithoutSecrets(d.cfg.Estate.State()), nil
}

// Check has the doctor judge a pasted push.
func (d *Desk) Check(ctx context.Context, who guard.Identity, q Question) (Finding, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return Finding{}, err
	}
	if of := doctor.PlatformOf(d.cfg.Platforms, q.Push); of != "" {
		q.Platform = of // the path says whose push it is, whatever was chosen
	}
	if q.Platform == "" {
		return Finding{}, Fail(Invalid, "the platform is not known", FieldError{Where: "body.platform",
			Detail:  "choose the platform: a body alone, or a path that no platform has, does not say whose it is",
			Chinese: "请选择平台：只有报文体、或路径不属于任何平台时，看不出是谁的推送"})
	}
	if _, ok := d.Platform(q.Platform); !ok {
		return Finding{}, Fail(Invalid, "there is no platform "+q.Platform,
			FieldError{Where: "body.platform", Detail: "unknown platform", Chinese: "没有这个平台"})
	}
	sum := sha256.Sum256(q.Push)
	return d.examine(ctx, who, q, q.Platform, charge.Say("doctor.body",
		charge.Count("bytes", len(q.Push)), charge.Text("digest", hex.EncodeToString(sum[:8]))))
}

// examine asks the doctor and writes down who did: the answers are judged with secret keys.
func (d *Desk) examine(ctx context.Context, who guard.Identity, q Question, object string,
	about charge.Note) (Finding, error) {
	if err := d.RecordNotes(ctx, who, "doctor.check", object, about); err != nil {
		return Finding{}, err
	}
	found, err := d.cfg.Doctor.Check(ctx, q)
	return found, Wrap(err)
}

// CanTest reports whether test pushes can be sent.
func (d *Desk) CanTest() bool { return d.cfg.Tester != nil }

// TestPush plays a platform once, the whole real way.
func (d *Desk) TestPush(ctx context.Context, who guard.Identity, account string, id charge.LotID,
	plate charge.Plate) (TestPush, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return TestPush{}, err
	}
	if d.cfg.Tester == nil {
		return TestPush{}, conflict("本网关不发送测试推送。", "this gateway sends no test pushes")
	}
	if b, ok := d.Estate().Binding(account, id); ok && b.Mode == charge.ModeLive {
		if err := allow(who, guard.RoleAdmin); err != nil {
			return TestPush{}, err // it takes money off whose plate he likes
		}
	}
	done, err := d.cfg.Tester.TestPush(ctx, account, id, plate)
	if err != nil {
		return done, Wrap(err)
	}
	return done, d.Record(ctx, who, "binding.test", account+"@"+id.String(), plate.String())
}
