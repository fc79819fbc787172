package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/words"
)

// coupon makes ready to examine a parking system. Without an address the system is played here, so that what the
// gateway sends and reads is examined. end ends it.
func (k *certifyCommand) coupon(c *console, cfg *play.CertifyConfig) (end func(), err error) {
	target, known, err := app.FindTarget(k.As, k.Profile)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, errors.New("name the parking system: --as and its target id, or --profile and its file")
	case k.Against == "" && k.Profile != "":
		return nil, errors.New("a system of your own is not played here: name its address, --against")
	case k.Against != "" && cfg.Lot.IsZero():
		return nil, errors.New("name the lot: --lot union_id/park_id")
	}
	if cfg.Against = k.Against; k.Against == "" {
		if err := playSystem(target, cfg); err != nil {
			return nil, err
		}
		fmt.Fprintln(c.err, "no --against: the system is played here, at", cfg.Against)
	}
	stop := func() {
		if cfg.Cloud != nil {
			_ = cfg.Cloud.Stop() // the process ends with it
		}
	}
	desk, err := coupon.OpenDesk(target, cfg.Lot, cfg.Against, cfg.Keys)
	if err != nil {
		stop()
		return nil, err
	}
	cfg.Desk = couponDesk{desk}
	return func() { desk.Close(); stop() }, nil
}

// playSystem plays the system with a car inside, and makes up what was not given.
func playSystem(target *coupon.Target, cfg *play.CertifyConfig) error {
	if cfg.Lot.IsZero() {
		cfg.Lot = charge.LotID{Union: "200461", Park: "1316"}
	}
	cfg.Plate = cmp.Or(cfg.Plate, "京AD06088")
	for _, k := range target.Keys {
		if k.Optional || cfg.Keys[k.Name] != "" {
			continue
		}
		cfg.Keys[k.Name] = "made-up-" + k.Name
		if s := target.Give.Sign; s != nil && s.Recipe == coupon.KVMD5RSA && s.Key == k.Name {
			key, err := rsaKey()
			if err != nil {
				return err
			}
			cfg.Keys[k.Name] = key
		}
	}
	cloud, err := play.NewCouponLot(play.CouponLotConfig{Lot: cfg.Lot, As: target.ID, Keys: cfg.Keys, Strict: true,
		Tariff: play.DefaultTariff()})
	if err != nil {
		return err
	}
	if err := cloud.Start(); err != nil {
		return err
	}
	cloud.Admit(cfg.Plate, time.Now().Add(-play.StayLength))
	cfg.Cloud, cfg.Against = cloud, cloud.Address()
	return nil
}

// rsaKey makes up a private key, as PKCS#8 in Base64.
func rsaKey() (string, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	return base64.StdEncoding.EncodeToString(der), err
}

// couponDesk puts what a parking system answers into words.
type couponDesk struct{ desk *coupon.Desk }

func (d couponDesk) Can() play.CouponCan {
	t := d.desk.Target
	return play.CouponCan{Title: t.About.Title, OtherKey: d.desk.OtherKey(), Repeat: t.Repeat.Safe,
		Revoke: t.CanRevoke(), Price: t.Price != nil, NotInside: d.desk.KnowsOfCars()}
}

func (d couponDesk) Give(_ context.Context, plate charge.Plate, id string, minutes int64,
	wrongKey bool) play.CouponSaid {
	r := d.desk.Give(plate, id, minutes, wrongKey)
	return couponSaid(r.Result, r.Detail)
}

func (d couponDesk) Revoke(ctx context.Context, plate charge.Plate, id string) play.CouponSaid {
	r := d.desk.Revoke(ctx, plate, id)
	said := couponSaid(r.Result, r.Detail)
	if said.Stands {
		said.Text = "taken back"
	}
	return said
}

func couponSaid(result charge.AttemptResult, detail charge.Note) play.CouponSaid {
	return play.CouponSaid{Stands: result == charge.AttemptAcked, Refused: result == charge.AttemptRefused,
		Text: words.Note(words.English, detail)}
}

func (d couponDesk) Due(ctx context.Context, plate charge.Plate) (charge.Fen, error) {
	return d.desk.Due(ctx, plate)
}
