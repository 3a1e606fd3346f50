import { expect, test } from "vitest";

import type { Deployment } from "../../api/models";
import type { Provider } from "../../api/plugins";
import { fieldsOf, MASK, paramsOf, schemaOf } from "./fields";

const grant = { hosts: [], env: [], base_url: null };
const BEDROCK: Provider = {
  name: "bedrock",
  title: "Amazon Bedrock",
  verified: true,
  operations: [],
  asks: grant,
  granted: grant,
  config_schema: { properties: { aws_region_name: { type: "string" } } },
  secrets: { api_key: {}, aws_secret_access_key: { env: ["AWS_SECRET_ACCESS_KEY"] } },
};
const OF = { model_name: "nova", litellm_params: { model: "bedrock/amazon.nova", aws_region_name: "eu-central-1", aws_secret_access_key: MASK }, model_info: { id: "d1" } } as unknown as Deployment;

test("settings and secrets of a provider go into fields of their own, and come out as they were", () => {
  const fields = fieldsOf(OF, [BEDROCK]);
  expect([fields.way, fields.others]).toEqual(["value", ""]);
  expect(fields.own).toEqual({ aws_region_name: "eu-central-1" });
  expect(fields.secrets).toEqual({ aws_secret_access_key: MASK });
  expect(paramsOf(fields, schemaOf(BEDROCK))).toMatchObject({ model: "bedrock/amazon.nova", aws_region_name: "eu-central-1", aws_secret_access_key: MASK, api_key: null });
});

test("secrets are taken out where another way in is chosen", () => {
  const fields = { ...fieldsOf(OF, [BEDROCK]), way: "stored" as const, litellm_credential_name: "aws" };
  expect(paramsOf(fields, schemaOf(BEDROCK))).toMatchObject({ litellm_credential_name: "aws", aws_secret_access_key: null });
});
