package guard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// totpPeriod is the length of a code's time step; codes of the steps before and after are taken as well.
const totpPeriod = 30 * time.Second

// recoveryCodes is how many codes stand in for a lost device.
const recoveryCodes = 10

func totpPlace(user string) string { return "user/" + user + "#totp" }

// EnrolTOTP makes a second factor for a user and returns its otpauth:// address, to be shown as a picture. It
// counts once ConfirmTOTP has seen a code of it.
func (u *Users) EnrolTOTP(ctx context.Context, name string) (address string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Chargestamp", AccountName: strings.ToLower(name), SecretSize: 20})
	if err != nil {
		return "", err
	}
	err = u.change(ctx, name, func(one *user) error {
		sealed, err := u.keys.Seal([]byte(key.Secret()), totpPlace(one.Name))
		one.Pending = sealed
		return err
	})
	return key.URL(), err
}

// ConfirmTOTP switches the second factor on where the code is of the device that EnrolTOTP was for, and returns
// ten recovery codes, which are never shown again. ErrLogin says that the code is wrong.
func (u *Users) ConfirmTOTP(ctx context.Context, name, code string) ([]string, error) {
	var codes []string
	err := u.change(ctx, name, func(one *user) error {
		step, err := u.step(one, one.Pending, code)
		if err != nil {
			return err
		}
		codes = nil
		one.TOTP, one.Pending, one.Step, one.Recovery = one.Pending, nil, step, nil
		one.Changed = u.now().UTC()
		for range recoveryCodes {
			recovery := randomRecovery()
			codes = append(codes, recovery)
			one.Recovery = append(one.Recovery, recoveryHash(one.Name, recovery))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// DropTOTP switches a user's second factor off: by the user, or by an admin for one who lost the device.
func (u *Users) DropTOTP(ctx context.Context, name string) error {
	return u.change(ctx, name, func(one *user) error {
		one.TOTP, one.Pending, one.Step, one.Recovery = nil, nil, 0, nil
		return nil
	})
}

// useCode takes a code or a recovery code and marks it as used; ErrLogin where it is wrong or was used.
func (u *Users) useCode(ctx context.Context, name, code string) error {
	return u.change(ctx, name, func(one *user) error {
		if step, err := u.step(one, one.TOTP, code); err == nil {
			one.Step = step
			return nil
		}
		hash := recoveryHash(one.Name, code)
		for i, left := range one.Recovery {
			if subtle.ConstantTimeCompare([]byte(left), []byte(hash)) == 1 {
				one.Recovery = slices.Delete(slices.Clone(one.Recovery), i, i+1)
				return nil
			}
		}
		return ErrLogin
	})
}

// step finds the time step that a code is of; steps up to the last used one are over.
func (u *Users) step(one *user, sealed []byte, code string) (int64, error) {
	if len(sealed) == 0 {
		return 0, ErrLogin
	}
	secret, err := u.keys.Open(sealed, totpPlace(one.Name))
	if err != nil {
		return 0, fmt.Errorf("second factor of %s: %w", one.Name, err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := u.now()
	for _, shift := range []time.Duration{0, -totpPeriod, totpPeriod} {
		at := now.Add(shift)
		want, err := totp.GenerateCodeCustom(string(secret), at, totp.ValidateOpts{
			Period: uint(totpPeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, err
		}
		step := at.Unix() / int64(totpPeriod/time.Second)
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > one.Step {
			return step, nil
		}
	}
	return 0, ErrLogin
}

// randomRecovery returns a code of 80 random bits, in groups that can be read out.
func randomRecovery() string {
	s := strings.ToLower(randomBase32(10))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// recoveryHash is what is kept of a recovery code; 80 random bits need no slow hash.
func recoveryHash(user, code string) string {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte(user + "\x00" + code))
	return hex.EncodeToString(sum[:])
}
