-- What earlier releases stored in English of a push, why it was refused or what was left out, becomes the codes that
-- package words has texts for. Other sentences with values in them stay and are shown as an old record.

-- +goose Up
UPDATE push SET reason = CASE reason
    WHEN 'the same push again' THEN '#push.repeat'
    WHEN 'an order of long ago again; retention has taken its charge away' THEN '#push.repeat_gone'
    WHEN 'the order again with other content, too late to count' THEN '#push.repeat_late'
    WHEN 'the order again with other content, which counts' THEN '#push.repeat_counts'
    WHEN 'not a finished charge: ignored' THEN '#push.unfinished'
    WHEN 'the account has neither a key that signs nor a lock: give it allow_from or path_token'
        THEN '#push.no_lock'
    WHEN 'the account has a path token and the push came by the bare path' THEN '#push.bare_path'
    WHEN 'the path ends in another token than the account''s' THEN '#push.wrong_path_token'
    WHEN 'too many pushes of the account' THEN '#push.many_of_account'
    WHEN 'the push could not be read' THEN '#push.unreadable'
    WHEN 'the account has no keys' THEN '#push.no_keys'
    WHEN 'Sig is not the HMAC-MD5 of OperatorID, Data, TimeStamp and Seq under the account''s sig_secret'
        THEN '#push.sig_differs key=text:sig_secret'
    WHEN 'sign is not the MD5 of data, "key=" and the lot''s ckey, in upper-case hex' ||
        ', neither as it stands nor without blanks'
        THEN '#push.sign_differs'
    WHEN 'the header Authorization is missing or does not read "Bearer <token>"' THEN '#push.no_token'
    WHEN 'the access token is not one of ours for this account, or it is over: query_token gives a new one'
        THEN '#push.token_differs'
    WHEN 'OperatorID or OperatorSecret is missing in Data' THEN '#push.no_operator_secret'
    WHEN 'Data does not decrypt under the account''s data_secret and data_secret_iv'
        THEN '#push.data_differs'
    WHEN 'the body is empty' THEN '#body.empty'
    WHEN 'the body is empty and the parameters stand in the query: they belong into the body'
        THEN '#body.query'
    WHEN 'the body is multipart/form-data: send JSON or application/x-www-form-urlencoded'
        THEN '#body.multipart'
    WHEN 'the body is UTF-16: send UTF-8' THEN '#body.utf16'
    WHEN 'the body is neither a JSON object nor a form' THEN '#body.neither'
    WHEN 'the body is JSON; Base64 of it is wanted' THEN '#body.json'
    WHEN 'the body is not Base64' THEN '#body.no_base64'
    WHEN 'signed with empty values' THEN '#push.signed_empty'
    WHEN 'signed with ''&'' at the end' THEN '#push.signed_ampersand'
    END
WHERE reason IN (
    'the same push again',
    'an order of long ago again; retention has taken its charge away',
    'the order again with other content, too late to count',
    'the order again with other content, which counts',
    'not a finished charge: ignored',
    'the account has neither a key that signs nor a lock: give it allow_from or path_token',
    'the account has a path token and the push came by the bare path',
    'the path ends in another token than the account''s',
    'too many pushes of the account',
    'the push could not be read',
    'the account has no keys',
    'Sig is not the HMAC-MD5 of OperatorID, Data, TimeStamp and Seq under the account''s sig_secret',
    'sign is not the MD5 of data, "key=" and the lot''s ckey, in upper-case hex' ||
        ', neither as it stands nor without blanks',
    'the header Authorization is missing or does not read "Bearer <token>"',
    'the access token is not one of ours for this account, or it is over: query_token gives a new one',
    'OperatorID or OperatorSecret is missing in Data',
    'Data does not decrypt under the account''s data_secret and data_secret_iv',
    'the body is empty',
    'the body is empty and the parameters stand in the query: they belong into the body',
    'the body is multipart/form-data: send JSON or application/x-www-form-urlencoded',
    'the body is UTF-16: send UTF-8',
    'the body is neither a JSON object nor a form',
    'the body is JSON; Base64 of it is wanted',
    'the body is not Base64',
    'signed with empty values',
    'signed with ''&'' at the end');

-- The chargers that no binding lists: the console offers them for a binding.
UPDATE push SET reason = replace(replace(reason, ' or ', '+%2F+'),
    'no binding of this account lists the charger ', '#push.no_charger chargers=text:')
WHERE reason LIKE 'no binding of this account lists the charger %'
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason
    AND length(replace(reason, ' or ', '')) - length(replace(replace(reason, ' or ', ''), ' ', '')) = 8;

-- Sentences whose values are words without a sign that the stored form escapes.
UPDATE push SET reason = replace(reason, 'there is no lot ', '#push.no_lot lot=lot:')
WHERE reason LIKE 'there is no lot %' AND length(reason) - length(replace(reason, ' ', '')) = 4
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
UPDATE push SET reason = replace(replace(reason, 'the lot ', '#push.lot_off lot=lot:'), ' is switched off', '')
WHERE reason LIKE 'the lot % is switched off' AND length(reason) - length(replace(reason, ' ', '')) = 5
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
UPDATE push SET reason = replace(replace(reason, 'account ', '#push.not_bound account=text:'),
    ' is not bound to lot ', ' lot=lot:')
WHERE reason LIKE 'account % is not bound to lot %' AND length(reason) - length(replace(reason, ' ', '')) = 7
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
UPDATE push SET reason = '#push.unsigned field=text:' || replace(reason, ' is missing: the push is not signed', '')
WHERE reason LIKE '% is missing: the push is not signed' AND length(reason) - length(replace(reason, ' ', '')) = 7
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
UPDATE push SET reason = '#field.missing field=text:' || replace(replace(reason, ' is missing', ''), ':', '')
WHERE reason LIKE '% is missing' AND length(reason) - length(replace(reason, ' ', '')) = 2
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
UPDATE push SET reason = '#push.not_allowed_from address=text:' ||
    replace(reason, ' is not in the account''s allow_from', '')
WHERE reason LIKE '% is not in the account''s allow_from' AND length(reason) - length(replace(reason, ' ', '')) = 6
    AND replace(replace(replace(reason, '%', ''), '+', ''), ';', '') = reason;
