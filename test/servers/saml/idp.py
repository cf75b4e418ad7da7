"""A SAML identity provider by pysaml2 (signatures by xmlsec1): signs in whoever comes as the person of its settings."""
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml, xmldsig
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server

settings = json.load(open(sys.argv[1]))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlparse(self.path)
        if url.path == "/metadata":
            return self.answer(str(entity_descriptor(config)), "application/samlmetadata+xml")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        request = idp.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        told = idp.response_args(request.message, [BINDING_HTTP_POST])
        response = idp.create_authn_response(
            settings["attributes"],
            userid=settings["user"],
            name_id=saml.NameID(format=saml.NAMEID_FORMAT_PERSISTENT, text=settings["user"]),
            authn={"class_ref": PASSWORD, "authn_auth": settings["entityId"]},
            sign_assertion=True,
            sign_response=settings["signResponse"],
            sign_alg=xmldsig.SIG_RSA_SHA256,
            digest_alg=xmldsig.DIGEST_SHA256,
            in_response_to=told["in_response_to"],
            destination=told["destination"],
            sp_entity_id=told["sp_entity_id"],
        )
        form = idp.apply_binding(
            BINDING_HTTP_POST, str(response), told["destination"], query["RelayState"], response=True
        )
        self.answer(form["data"], "text/html")

    def do_POST(self):
        length = int(self.headers["content-length"])
        idp.metadata = config.load_metadata({"inline": [self.rfile.read(length).decode()]})
        self.answer("", "text/plain")

    def answer(self, text, content_type):
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


httpd = HTTPServer(("127.0.0.1", 0), Handler)
base = f"http://127.0.0.1:{httpd.server_port}"
config = IdPConfig().load(
    {
        "entityid": settings["entityId"],
        "key_file": settings["key"],
        "cert_file": settings["certificate"],
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]},
                "policy": {"default": {"name_form": saml.NAME_FORMAT_URI, "sign": ["assertion"]}},
            }
        },
    }
)
idp = Server(config=config)
print(base, flush=True)
httpd.serve_forever()
