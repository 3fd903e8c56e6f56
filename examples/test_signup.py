import json, os, urllib.parse, urllib.request, uuid

APP, MAIL = os.environ["APP"], os.environ["MAIL"]


def get(path):
    with urllib.request.urlopen(MAIL + path) as answer:
        return json.load(answer)


def test_signup():
    address = f"{uuid.uuid4().hex}@run42.test"  # of this test alone
    form = urllib.parse.urlencode({"email": address}).encode()
    urllib.request.urlopen(APP + "/signup", form).close()
    link = get(f"/emails/latest?wait=30s&recipient={address}")["links"][0]["url"]
    with urllib.request.urlopen(link) as page:
        assert b"Welcome" in page.read()
