/**
 * google.iam.v1 as far as resources of Pub/Sub use it, in the JSON form of protobufjs. Google's packages keep
 * their own copy out of reach of imports. Field numbers and HTTP rules from
 * https://github.com/googleapis/googleapis/blob/master/google/iam/v1 and
 * https://cloud.google.com/pubsub/docs/reference/rest
 */
const resources = [
  '/v1/{resource=projects/*/topics/*}',
  '/v1/{resource=projects/*/subscriptions/*}',
  '/v1/{resource=projects/*/snapshots/*}',
  '/v1/{resource=projects/*/schemas/*}',
] as const;

const httpRules = (verb: string, withGet: boolean) => ({
  parsedOptions: resources.flatMap((resource) => [
    ...(withGet ? [{ '(google.api.http)': { get: resource + verb } }] : []),
    { '(google.api.http)': { post: resource + verb, body: '*' } },
  ]),
});

const string = (id: number) => ({ type: 'string', id });
const strings = (id: number) => ({ rule: 'repeated', type: 'string', id });

const iam = {
  IAMPolicy: {
    methods: {
      SetIamPolicy: {
        requestType: 'SetIamPolicyRequest',
        responseType: 'Policy',
        ...httpRules(':setIamPolicy', false),
      },
      GetIamPolicy: {
        requestType: 'GetIamPolicyRequest',
        responseType: 'Policy',
        ...httpRules(':getIamPolicy', true),
      },
      TestIamPermissions: {
        requestType: 'TestIamPermissionsRequest',
        responseType: 'TestIamPermissionsResponse',
        ...httpRules(':testIamPermissions', false),
      },
    },
  },
  SetIamPolicyRequest: {
    fields: {
      resource: string(1),
      policy: { type: 'Policy', id: 2 },
      updateMask: { type: 'google.protobuf.FieldMask', id: 3 },
    },
  },
  GetIamPolicyRequest: {
    fields: {
      resource: string(1),
      options: { type: 'GetPolicyOptions', id: 2 },
    },
  },
  GetPolicyOptions: {
    fields: { requestedPolicyVersion: { type: 'int32', id: 1 } },
  },
  TestIamPermissionsRequest: {
    fields: { resource: string(1), permissions: strings(2) },
  },
  TestIamPermissionsResponse: { fields: { permissions: strings(1) } },
  Policy: {
    fields: {
      version: { type: 'int32', id: 1 },
      bindings: { rule: 'repeated', type: 'Binding', id: 4 },
      auditConfigs: { rule: 'repeated', type: 'AuditConfig', id: 6 },
      etag: { type: 'bytes', id: 3 },
    },
  },
  Binding: {
    fields: {
      role: string(1),
      members: strings(2),
      condition: { type: 'google.type.Expr', id: 3 },
    },
  },
  AuditConfig: {
    fields: {
      service: string(1),
      auditLogConfigs: { rule: 'repeated', type: 'AuditLogConfig', id: 3 },
    },
  },
  AuditLogConfig: {
    fields: {
      logType: { type: 'LogType', id: 1 },
      exemptedMembers: strings(2),
    },
    nested: {
      LogType: {
        values: {
          LOG_TYPE_UNSPECIFIED: 0,
          ADMIN_READ: 1,
          DATA_WRITE: 2,
          DATA_READ: 3,
        },
      },
    },
  },
};

/** What a protobufjs Root adds under `google`. */
export const iamDescriptor = {
  iam: { nested: { v1: { nested: iam } } },
  type: {
    nested: {
      Expr: {
        fields: {
          expression: string(1),
          title: string(2),
          description: string(3),
          location: string(4),
        },
      },
    },
  },
};
